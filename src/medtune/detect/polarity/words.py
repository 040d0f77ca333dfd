"""Word classes that the rules ask for. Data only."""


def words_of(text: str) -> frozenset[str]:
    """The words of a line of data."""
    return frozenset(text.split())


STOP = words_of(
    "a an the any some your their his her its my our this that these those to of on in at for with into onto from "
    "by over under around about it them him someone person you they and or up down be is are very too as all more "
    "than 's s every each yourself oneself somebody anybody anyone one"
)
"""Words of an action phrase that need not be found."""

PERSON = words_of(
    "person patient victim casualty someone somebody anyone anybody child baby infant adult him her them he she "
    "they one people casualties victims children everyone man woman friend sufferer"
)
"""A person, however named."""

PRONOUNS = words_of("it them this that these those him her so one ones")

ADVERBS = words_of(
    "ever really simply also always then please even very extremely especially strongly generally usually often now "
    "first just still already again at all once quickly immediately firmly gently carefully slowly never-ever "
    "absolutely only actually certainly definitely deliberately instead either both routinely blindly under any "
    "circumstances kindly next finally lastly afterwards meanwhile otherwise therefore thus perhaps much far quite "
    "rather considerably today nevertheless right away straight sometimes rarely seldom commonly soon secondly "
    "thirdly additionally furthermore moreover ideally promptly better anymore well"
)
"""May stand between the words of a cue, or before an imperative. Words in -ly count, too."""

FILLERS = words_of(
    "even one the a an any your their his her its to with from on about of in for this that these those some doing "
    "giving performing step chance opportunity need importance value task act duty moment further all or and using "
    "having being you them him it there against people person anyone"
)
"""May stand between stop, delay, forget and the like and what they govern."""

SUBORDINATORS = words_of(
    "if when whenever while because since although though whereas unless until till before after once where as "
    "whether lest so"
)

MODALS = words_of("should must can may could shall ought might need needs")

POSITIVE_STARTS = words_of(
    "call seek keep get go see contact tell wait stay leave let make ensure continue start begin dial phone ring "
    "ask use monitor watch check rest try be stand lie sit reassure consult cover find bring remember take lean"
)
"""Imperatives that start anew after «do not …, and»: «do not panic and call for help»."""

VERBS = words_of(
    "apply put place use give take press push hold cover clean rinse wash cool raise lift lay lie sit keep remove "
    "eat drink avoid stop start begin check tilt wrap bandage loosen turn roll move stay rest elevate flush pull "
    "slap lean bend support monitor watch wait run soak tie breathe perform inject open count swallow call seek get "
    "go see dial contact tell leave let make ensure continue phone ring ask try be reassure consult stand scrub rub "
    "scratch squeeze burst pop pierce cut suck induce force offer feed administer massage shake wake throw drive "
    "walk pour dab pat dry warm heat immerse dip smear spread insert pack plug pinch blow tape splint immobilise "
    "immobilize straighten reposition rock carry drag transport touch grab restrain pick dig tweeze strap tighten "
    "release untie store mix double crush chew skip share stick bite ignore treat report record note read follow "
    "encourage help allow switch shut close find bring fetch send protect shield smoke exercise sleep stretch bathe "
    "shower douse submerge brush floss gargle inhale spray swab sterilise disinfect stitch suture burp cuddle shout "
    "clap tap kneel compress ventilate resuscitate defibrillate act learn remember choose prefer replace change "
    "wear speak dismiss sip nibble opt unlock gather lock boil freeze peel tuck prop chill blot trim shampoo "
    "moisturise drain discard bin dispose refrigerate draw refill renew reorder buy unpack recap scrape snip dilute "
    "dissolve sieve squat hum sing talk listen wink blink yawn rotate swap stagger halve taper wean titrate pause "
    "resume restart finish complete cancel postpone clear wheel hoist groom dampen soften unbutton untuck dim "
    "darken quieten comfort distract book arrange attend inform notify mention copy label empty fill top spit vomit "
    "gag drop fit measure weigh adjust lower reduce limit crouch crawl face hit jerk yank stem pad dress add tip "
    "seal wipe sew glue cauterise cauterize reach unplug strip smother extinguish catch cushion extract kill chase "
    "jump swim increase combine split return test deliver text hide fan grip space"
)
"""Imperatives of first aid and medicine; they tell a new clause from a list of nouns."""

SAYS = words_of(
    "say claim believe think tell hear read swear insist assume suppose suggest argue maintain state ask wonder "
    "advis recommend report write post feel consider"
)
"""Stems of verbs that report."""

HEARSAY = words_of(
    "some many most people others grandmother grandma granny grandfather grandparents neighbour neighbor neighbours "
    "neighbors friend friends uncle aunt mother father internet rumour rumor folklore tradition legend movies movie "
    "films film blog blogs forum forums websites website post posts folk everyone few majority relatives mum mom "
    "critics colleague colleagues brother sister parents ancestors author authors article articles they influencer "
    "influencers myth tale tales superstition video videos poster wisdom passer-by bystander bystanders advert "
    "advertisement"
)
"""Sources that give no advice worth the name: what they say is reported."""

REPORTING_NOUNS = words_of("study studies trial trials researchers survey patient patients case")

FINITE = words_of(
    "is are has have was were arrives arrive comes come says say tells tell gets get been does stops stop can "
    "confirms confirm takes take examines sees see reaches reach had knows know wakes allows"
)

APPROVAL = words_of(
    "told advised prescribed instructed directed approved allowed permitted recommended authorised authorized asked "
    "cleared agreed agrees says tells advises allows directs instructs prescribes approves recommends prescribe "
    "advise tell ask instruct direct all-clear go-ahead say-so green confirmed confirms given"
)

WITHOUT_CONDITION = words_of(
    "approval permission consent prescription asking advice supervision checking consulting guidance training "
    "agreement go-ahead say-so clearance okay ok input referral talking authorisation authorization medical order "
    "orders instruction instructions speaking gloves doctor first being having"
)
"""«Not … without» these makes a condition."""
