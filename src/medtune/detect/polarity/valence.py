"""What is good and what is bad for a reader, and verbs that bring it about or take it away. Data only."""

from medtune.detect.polarity.words import words_of

MILD = words_of(
    "rash drowsiness nausea dizziness upset headache headaches constipation diarrhoea diarrhea dry tiredness "
    "sleepiness itching side flushing sweating heartburn indigestion insomnia hunger thirst fatigue cough bloating "
    "gas taste discomfort soreness drowsy sleepy dizzy sick tingling redness stinging sore unwell appetite weight "
    "constipated nauseous tired thirsty irritable shaky bloated mild slight temporary transient minor harmless"
)
"""Plain side effects: naming them is a description, no warning."""

BAD_NOUNS = words_of(
    "pain swelling risk infection infections bleeding damage shock scarring scar scars burn burns death deaths "
    "fever spasm spasms harm injury injuries complication complications blistering blister blisters frostbite "
    "choking suffocation blindness amputation paralysis poisoning overdose danger stroke seizure seizures bacteria "
    "germs dirt inflammation bruising symptoms irritation hypothermia dehydration aspiration heat loss clot venom "
    "poison worse problems suffering stress panic contamination heart-attack collapse necrosis vomiting gangrene "
    "deeper choke bleed coma hypoglycaemia fainting unconsciousness breakage spread strain weakness regurgitation "
    "fracture fractures blockage abscess abscesses allergy reaction reactions sepsis tetanus rabies disease "
    "diseases virus viruses illness illnesses spinal-injury accident accidents agony distress miscarriage relapse "
    "resistance confusion cramps ulcers toxicity rupture hazard hazards arrest tear tears acid alkali chemical "
    "chemicals irritant pus rash nosebleed nosebleeds haemorrhage hemorrhage clots embolism asthma attack attacks "
    "trauma crisis emergency relapses withdrawal addiction dependence dependency decay mould fumes gas smoke itch "
    "itching scratching rebleeding contraction anaemia anemia jaundice meningitis pneumonia cancer tumour tumours "
    "cyanide carbon-monoxide botulism salmonella parasites worms fungus gullet-burns hypoxia heatstroke "
    "hyperthermia sunburn deafness disability deformity stiffness wasting falls fall errors mistakes mix-up mix-ups "
    "delirium constipation diarrhoea diarrhea vomit nausea cramp headache headaches migraine migraines failure "
    "hyperglycaemia hyperkalaemia lows hypo hypos highs spikes pressure-sores bedsores sores splinters "
    "breathlessness wheezing anxiety fatality fatalities suicide abuse grief regret trouble sprains strains "
    "discoloration discolouration scab venoms toxins toxin poisons pathogens microbes ache aches burden"
)
GOOD_NOUNS = words_of(
    "healing survival chance chances breathing circulation flow recovery treatment oxygen help diagnosis airway "
    "outcome outcomes comfort relief calm warmth strength immunity safety well-being recover breathe survive life "
    "lives sleep effect supply rescue care airways odds heal absorption digestion hydration mobility movement fluid "
    "fluids growth wellness energy appetite balance protection defences defenses vision sight hearing function "
    "functions nutrition dignity independence concentration mood fitness success benefit benefits antidote evidence "
    "time minutes seconds prognosis drainage flexibility rest bonding response defence"
)
ORGANS = words_of(
    "finger limb leg arm hand foot toe sight life brain heart lung lungs liver kidney kidneys stomach gut skin eye "
    "eyes cornea nerve nerves spine cord joint muscle bone tissue cell cells tooth teeth jaw gullet throat baby "
    "body blood"
)
"""What can be damaged; named otherwise, neither good nor bad."""

UP = words_of(
    "mean increas rais boost promot speed caus lead result trigger produc provok bring improv restor giv creat "
    "introduc spread driv push mak let allow leav send carri deliver get enhanc ensur secur maintain preserv keep "
    "strengthen encourag hasten stir open forc prolong expos releas draw invit doubl tripl multipli optimis optimiz "
    "maximis enabl guarante fuel feed"
)
DOWN = words_of(
    "reduc halv lower decreas prevent slow stop eas reliev limit minimis minimiz delai shorten control cut hinder "
    "impair block restrict weaken lessen sooth interfer hamper avoid halt remov fight kill wash cost los rob wast "
    "depriv steal sacrific counter counteract neutralis neutraliz clear flush protect guard shield dampen suppress "
    "curb combat cur treat settl calm numb dull spar save dilut drain eliminat forestall inhibit disrupt destroi "
    "ruin wreck jeopardis threaten endanger compromis undermin disturb diminish harm damag thin nip beat rid"
)
"""Stems of verbs with an effect: what they do to bad or good nouns says whether the action is good or bad."""

HARMS = words_of(
    "struggle suffer spoil trap seal sever transmit spread infect poison ruin mask hide obscure delay prolong "
    "worsen aggravate exhaust overload overheat scald blister irritate inflame tear rip pierce puncture bruise "
    "crush fracture displace shift dislodge pump weaken blunt cancel upset unsettle confuse mislead frighten alarm "
    "invite attract breed feed fuel trigger provoke risk cost lose waste rob deprive starve suffocate choke "
    "strangle gag drown kill die harm hurt injure damage destroy cripple paralyse scar disfigure stain corrode "
    "dissolve clog block obstruct narrow jam interfere interact clash react undo reverse negate counteract defeat "
    "undermine jeopardise threaten endanger expose contaminate soil reopen rupture burst break crack snap split "
    "collapse faint overdose plummet crash soar spike backfire fail disturb impair hinder hamper slow complicate "
    "intensify exacerbate wreck devastate rot smother squash squeeze overwhelm distort scratch graze sting bite "
    "bleed vomit gulp"
)
"""Verbs that say by themselves that what they are said of is harmful."""

HELPS = words_of(
    "spare save ease soothe calm relieve comfort help aid assist support protect guard shield prevent avoid heal "
    "cure treat mend restore improve boost strengthen build stabilise steady secure cushion relax clean flush "
    "dilute neutralise absorb moisten hydrate nourish enable ensure guarantee work benefit settle loosen reassure "
    "simplify hasten facilitate promote preserve maintain keep-safe rescue"
)
"""Verbs that say by themselves that what they are said of does good."""
