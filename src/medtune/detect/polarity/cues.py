"""Cue phrases by kind. Data only; words are compared by stem, adverbs may stand between them, `|` parts them.

Where cues overlap, a kind further down wins, then the longer cue, then the earlier one.
"""

CUES = {
    # Turns the direct object round: «do not stop pressing» is advice to press.
    "interrupt": """
        stop|cease|quit|discontinue|interrupt|pause|delay|delay in|postpone|put off|hesitate|hesitate to|hesitate in
        halt|forget|forget to|forget about|neglect|neglect to|fail to|omit|omit to|skip|miss|miss out|miss out on
        withhold|refuse|refuse to|decline to|give up on|give up|let up on|let go of|release|leave out|hold back from
        hold back on|hold back|be afraid to|be afraid of|be shy about|be too shy to|shy away from|be reluctant to
        suspend|be late in|be scared to|be scared of|be embarrassed to|be too embarrassed to|be too proud to
        worry about|be nervous about|be frightened to|be frightened of|be put off|think twice about
        think twice before|break off|abandon|overlook|leave it too late to|be slow to|be slow in|be ashamed to
        be ashamed of|be denied|deny|ignore the need for|ignore the need to|waste time before|dither
        give up trying to|take a break from|ease off|ease off on|ease up on|cut short|go without|walk away from
        be too timid to|defer|be without|be discouraged from|be deterred from|be talked out of|be put off from
        lose time in|shrink from|second-guess|underestimate|undervalue|be hesitant to|be hesitant about
        procrastinate about|prevent|hinder|discourage|failure to|lack of|absence of|tire of|get tired of
        grow tired of|be embarrassed|be ashamed|be afraid|be scared|be shy|be nervous|be reluctant|be hesitant
        be slow|be frightened|leave off|hold off|hold off on|be too polite to|wait|wait to|wait with|wait before
        keep putting off|do without|miss the chance to|delay before|rush past|drop|dismiss|brush off|play down
    """,
    "good_verb": """
        help|save life|save a life|make sense|buy time|work|matter|count|do no harm|keep alive|pay off|do wonders
        soothe|calm|comfort|relax|settle|strengthen|preserve|ease the|relieve|go a long way|protect|aid|assist
        do good|save|make a difference|make all the difference|come first|be required|be needed|be encouraged
        be preferred|be urged|be allowed|be permitted|benefit|double the chance|be worth
    """,
    "bad_verb": """
        make it worse|make thing worse|make matter worse|make the wound worse|make the injury worse
        make the burn worse|make the damage worse|make the pain worse|make the swelling worse
        make the bleeding worse|make worse|worsen|aggravate|do more harm than good|do harm|do damage|can harm
        may harm|could harm|can hurt|may hurt|can injure|may injure|can damage|may damage|could damage|can kill
        may kill|could kill|pass on|can lose|could lose|may lose|might lose|will lose|kill|harm|damage|injure|risk
        invite|put at risk|put in danger|endanger|destroy|be avoided|be discouraged|be ruled out|ruin|backfire
        cost life|cost time|waste time|have no effect|have no benefit|bring no benefit|burn the skin|irritate|undo
        deepen|trap heat|hold in the heat|seal in the heat|keep the heat in|tear the|rupture|not work|be stopped
        be skipped|be withheld|be delayed|be refused|be kept away|be kept off|be forbidden|be banned|end in disaster
        end badly|play with fire|prolong|disturb|dislodge|trigger vomiting|push it|push the|drive it|drive the
        drive dirt|do nothing|achieve nothing|serve no purpose|make no sense|be left alone|be left to|be omitted
        spell disaster|leave permanent|leave scars|leave a scar|complicate|mask|threaten|overheat|suffocate|choke
        compromise|jeopardise|jeopardize|exacerbate|intensify|burst the|wreck|impede|scald|reopen|restart the
        tear open|open the wound|breed|let germs in|let bacteria in|carry germs|lead nowhere|cripple|paralyse
        paralyze|corrode|burn again|do no good|strain the|numb|contaminate|infect|drown|hide|obscure|scar|starve
        cut off|stop the heart|deprive|crack|snap|break the|disagree|hurt|get worse|become worse|grow worse|go wrong
        turn worse|be abandoned|cost precious|cost valuable|cost the|be dropped|be left undone|be left in place
        can go wrong|turn a small|turn a minor|set back|push germs|push bacteria|eat into|eat through|eat away
        fire off|set off the|wash out|sicken|die|lose their life|bleed to death|be lost|cost lives
    """,
    # Evaluations, on either side of the action.
    "good": """
        to be said for|a firm yes to|a clear yes to|recommended|recommend|advised|advise|advisable|essential|vital
        crucial|important|best|safe|right|effective|useful|beneficial|necessary|good idea|key|priority|first step
        worth|needed|safest|correct|appropriate|wise|sensible|helpful|mandatory|the answer|harmless|preferable
        better|the way to go|critical|urgent|standard|the mainstay|first choice|first-line|fine|acceptable
        the right thing|the most important|a must|a priority|indispensable|invaluable|a matter of life|gold standard
        in order|decisive|life-saving|lifesaving|imperative|good practice|urge|encourage|suggest|advocate|endorse
        prefer|favour|favor|stress|emphasise|emphasize|importance of|value of|good thing|a good first|benefit of|ok
        okay|sure to|first priority|top priority
    """,
    "bad": """
        no business|no role in|no part in|a clear no|a definite no|a firm no|a hard no|a flat no|off the table
        off the menu|out of bounds|recipe for disaster|recipe for trouble|little point|little sense|little use
        be mad to|be crazy to|be insane to|be an idiot to|only a fool would|only an idiot would|dangerous|unsafe
        harmful|hazardous|risky|bad idea|terrible idea|poor idea|poor choice|bad practice|wrong|mistake|error
        ill-advised|inadvisable|unwise|foolish|useless|pointless|counterproductive|contraindicated|forbidden|no-go
        prohibited|banned|off limits|off-limits|deadly|fatal|lethal|life-threatening|inappropriate|incorrect
        reckless|out of the question|no place|outdated|obsolete|discredited|disproven|debunked|myth|old wives tale
        misconception|nonsense|superstition|false|untrue|no benefit|no use|not the answer|never the answer
        asking for trouble|last thing|no longer recommended|no longer advised|no longer done|no longer used
        no longer considered|no longer taught|unhelpful|unacceptable|negligent|unnecessary|not needed|not necessary
        a no-no|problem|taboo|detrimental|perilous|injurious|bad for|the wrong thing|worst thing|the worst|toxic
        futile|in vain|not a treatment|no treatment|no cure|not a cure|not the way|too dangerous|too risky|of no use
        of no help|no help|of no benefit|of no value|no good|not an option|misguided|mistaken|unproven
        advise against|recommend against|warn against|warn you against|advise you against|advise people against
        warn people against|advise anyone against|counsel against|danger of|danger in|caution against|speak against
        argue against|forbid|prohibit|ban|rule out|warn of|warn about|risk of|risk in|dangers of|illegal|unlawful
        disastrous|catastrophic|no substitute for a doctor|worse than useless|out of date|folly|malpractice
        overrated|bad|not enough|senseless|careless|not allowed|not permitted|not right|not ok|not okay|best avoided
        better avoided|best left|better left|best not|better not|not advisable|not supposed to|not meant to
        not a good idea|not suitable|unsuitable|never a good idea|the opposite of what|not for|not meant for
        not intended for|not suitable for|not designed for|hardly the moment|hardly the time|hardly wise
        not the time|not the moment|no time to start|hardly a good|hardly a|hardly the|ill advised|be unwise
        nothing to be gained|nothing to gain|nothing be gained|little to be gained|be withdrawn|been withdrawn
        know better|no basis|be abandoned|been abandoned|been dropped|no longer part of
    """,
    # Turns what follows round, through to the end of the clause.
    "neg": """
        not|never|no|nor|neither|under no circumstances|in no circumstances|under no condition|in no case
        on no account|in no event|at no time|at no point|by no means|in no way|no one should|no one must|no one may
        must not|should not|may not|can not|do not|never ever|not once|no need to|no need for|no point in
        no reason to|no use in|no benefit in|no benefit to|not to|forbidden to|prohibited to|be forbidden to
        be prohibited to|be prohibited from|be banned from|be forbidden from|not allowed to|not permitted to|none
        no time when|no time at which|no situation where|no situation in which|no case where|no case in which
        no circumstance where|no circumstance in which|no circumstance when|no age at which|no stage at which
        hardly ever|be careful not to|take care not to|neither of|will not|would not|far from|unable to
    """,
    "avert": """
        ditch|shun|scrap|go easy on|easy on the|say goodbye to|steer away from|pass on the|avoid|refrain from
        abstain from|steer clear of|stay away from|keep away from|stay clear of|keep clear of|instead of|rather than
        in place of|as opposed to|in lieu of|in preference to|without|forgo|forego|lay off|keep off|stay off
        avoid the temptation to|avoid the urge to|resist|resist the urge to|resist the temptation to
        resist any urge to|resist any temptation to|resist the impulse to|fight the urge to|ignore the urge to
        hold off from|stop short of|back away from|keep from|stop yourself from|be wary of|beware of|guard against
        do away with|free from|free of|say no to|hands off|desist from|put aside|no longer|swap|replace|cut out
        eliminate|away with|the temptation to|fight the temptation to|think better of|do anything but|anything but
        let alone|much less|leave aside|spare the person|other than|ahead of
    """,
    "past": """
        used to|use to be|in the past|formerly|previously|historically|traditionally|years ago|decades ago
        centuries ago|for centuries|for decades|for generations|in the old days|back then|at one time|until recently
        in former times|yesterday|last week|last year|last month|last night|century|in ancient|in medieval
        in those days|this morning|generations ago|long ago|old textbooks|older textbooks|old manuals|older manuals
        old guidelines|earlier guidelines|older guidelines|earlier editions|an old handbook|during the war|romans
        greeks|egyptians|a hundred years|in earlier times|days ago|hours ago|weeks ago|months ago|in victorian
        in the 19th|the old advice|once taught|once believed|once thought|once common|once advised|once recommended
        once standard
    """,
    "report": """
        you will read|you will hear|you will see|you will be told|you will find people|you sometimes hear
        you often hear|you may have heard|i have read|i have heard|have heard that|have read that
        you might have heard|you may have read|you might have read|you may have been told|you may hear
        you may be told|you might be told|have you heard|word has it|legend has it|rumour has it|rumor has it
        you may have seen|it is said|it is said that|is said to|are said to|is believed to|it is believed
        it is often said|it is claimed|it is often claimed|it is widely believed|it is commonly believed
        it is rumoured|is rumoured to|is thought to|reportedly|allegedly|supposedly|according to legend
        according to folklore|according to a forum|popular myth says|according to my|according to a blog
        according to rumour|according to some|according to tradition|some advise|some recommend|some suggest
        folk remedy|folk remedies|home remedy|home remedies|folk medicine|folklore|popular belief|common belief
        urban legend|so-called|whether to|the question whether|the question of|wonder if|wonder whether|asked if
        asked whether|a study|one study|the study|studies have|a trial|the trial|in one study|in a study|researchers
        a survey|a review|a report|the article|the book|i heard|i read|we heard|was told to|were told to
        been told to|he said|she said|they said|claims that|claim that|debate whether|debate about|debate over
        anecdotes|controversy over|opinions differ|experts disagree|experts are divided|experiment|there is talk of
        in some cultures|in some countries|in some regions|in some families|in films|in movies|on television|on tv
        be debated|be disputed|be controversial|was quoted|is quoted|hearsay|social media|the internet
        be being studied|be under investigation|be investigated|be being investigated|the idea that|the belief that
        the notion that|the claim that|the advice to|the tip to|the tale that|the story that|the rumour that
        the rumor that|the theory that|the trick of|the idea of|the habit of|the practice of|the custom of
        the advice that|the tip that
    """,
    "condition": """
        nobody but|no one but|none but|nobody except|no one except|short of a|short of an|provided|provided that
        providing|providing that|on condition that|on the condition that|as long as|so long as|only if|only when
        only once|only after|only on|only with|only under|only by|only where|only as|only in|only for|solely for
        solely if|solely when|solely to|strictly for|purely for|exclusively for|reserved for|and not before
        not before then|not otherwise|not before that|not any earlier|only at|only during|only until|only while
        only those|only then|only to|if and only if|assuming that|assuming|unless|except|except when|except if
        depending on|depends on|subject to|contingent on|with the exception of|barring a|barring an|barring any
        save when|save if|pending|after approval|with approval|with permission|with prior approval
        with the approval of|with the consent of|under supervision|under medical supervision|once approved
        once cleared|at the request of|on the advice of|on medical advice|on a doctor advice|on doctor advice
        on your doctor advice|on a doctor orders|if prescribed|when prescribed|if advised|if told|when told
        if instructed|when instructed|if directed|when directed|case by case|in exceptional cases
        in exceptional circumstances|as a last resort|in rare cases|exclusively|by prescription|even then only
        under the supervision|under the guidance|but only|under medical guidance|under a doctor supervision
    """,
    # What follows is rejected.
    "myth": """
        evidence do not support|evidence do not favour|evidence be against|no support for|evidence speak against
        the days of|it is a myth that|old wives tale recommend|old wives tale advise|myth claim that|myth say that
        myth have it that|myth hold that|myth say to|old wives tale say to|old wives tale say that
        old wives tale claim|a myth that|myth that|the myth of|the myth about|myth is that|myths about|not true that
        it is not true that|untrue that|false that|it is wrong that|wrong to think that|wrong to believe that
        wrong to say that|incorrect that|misconception that|misconception is that|misconception about|misbelief that
        false belief that|mistaken belief that|mistaken idea that|wrong idea that|old wives tale that
        wives tale that|contrary to the advice to|contrary to advice to|contrary to the old advice to|no truth in
        no truth to|ignore advice to|ignore the advice to|ignore anyone who|ignore people who|ignore those who
        ignore calls to|ignore any advice to|disregard advice to|disregard the advice to|disregard any advice to
        disregard anyone who|do not believe|never believe|do not listen to|never listen to|do not trust
        do not follow advice to|do not follow the advice to|do not follow the old advice to|pay no attention to
        no evidence that|no evidence for|no proof that|no scientific basis for|no basis for|no medical reason to
        forget the old advice|forget the advice|forget the idea|forget what you heard|forget what you have heard
        nonsense that|superstition that|fallacy that|do not fall for|debunked idea|debunked advice|debunked claim
        outdated advice|outdated idea|debunked the|old wives tale about|discredited advice to|a fable that
        urban legend that|contrary to the belief that|contrary to the idea that|contrary to the claim that
        despite the myth that|despite the advice to|despite claims that|despite rumours that|mistake to think that
        mistake to believe that|be wrong about|not the case that|a lie that|hoax that|error to think that
        error to believe that|be mistaken that|do not be fooled into|not true when people say
        do not let anyone talk you into|do not let anyone tell you to|do not let anyone persuade you to
        not believe that|do not be talked into|do not be persuaded to|false to say|untrue to say
        contrary to the rumour that|reject the idea
    """,
    # Behind the action: do little of it.
    "less": "as little as possible|as rarely as possible|as seldom as possible|at your peril|at your own risk",
    # «Not just» is «not only» where more follows.
    "just": "not just|not merely|not simply|not solely|not purely|not exclusively|not alone",
    # Looks negative and is not.
    "plain": """
        not only|no matter|no doubt|without delay|without hesitation|without hesitating|without fail|without waiting
        without further delay|without delaying|without any delay|without stopping|without pausing
        without interruption|without a break|without losing time|without wasting time|without a second thought
        without thinking twice|without letting up|without any hesitation|without question|without exception
        no exceptions|no exception|no later than|not later than|no less than|not less than|no fewer than
        not fewer than|no longer than|no more than|not more than|no shorter than|whether or not|or not|even if not
        never too late to|not yet|never too early to|not too late to|not too early to|never wrong to|not wrong to
        never a mistake to|not a mistake to|nothing wrong with|nothing wrong in|no harm in|no harm to|no better way
        no better time to|nothing be better than|nothing be more important than|nothing be as important as
        nothing work better than|nothing help more than|nothing beat|nothing can replace|nothing replace
        not negotiable|can not go wrong|can not go wrong by|can not go wrong with|no time to lose|no time to waste
        not a moment|not a second|not a minute|lose no time|lose no time in|waste no time|waste no time in
        waste no time before|in no time|no sooner|not least|no problem|no question|not worry|never worry|not panic
        never panic|do not worry|do not panic|can not stress enough|can not emphasise enough
        can not emphasize enough|can not overstate|can not be overstated|not sure|why not|can not be overemphasised
        can not be overemphasized|can not be stressed enough|can not hurt to|not hurt to|do no harm to
        do nothing else until|do nothing else before|no shame in|not optional|no downside|no excuse for not
        no reason not to|no substitute for|better safe than sorry|in favour of|in favor of
        few things matter more than|few things help more than|few things beat|if in doubt|when in doubt|not a luxury
        if not already|if not more|not infrequently|not unusual|no age limit|no upper limit|if nothing else
        all or nothing|last but not least|no risk in|no danger in|not matter|there be no alternative to
        no wrong time to|never a bad time to|never a bad idea to|not a bad idea to|never stupid to|never silly to
        not silly to|never rude to|never foolish to|no wrong way to|more often than not|no obstacle to|no obstacle
        no bar to|no barrier to|no objection to|nothing against|contrary to popular belief|contrary to common belief
        contrary to what many people think|contrary to what people think|contrary to the myth
        contrary to what many believe|contrary to what many people believe|contrary to popular opinion
        nothing to lose|contrary to what you may have heard|contrary to what you may have read
        never a waste of time to|no drawback|no disadvantage|not forgetting|no earlier than|no wonder|at no cost
        cost nothing|if it do not|no trouble to|if not done|not require|not need any|not have to be an expert to
        not need to be an expert to|not a crime|nobody regret|nobody ever regret|no one ever regret
        no one has regretted|nobody have be harmed by|no one have be harmed by|nobody be harmed by
        no one have be hurt by|hardly anything better than|no harm be do by|no harm come from|no harm come of
        no one will blame|no one will mind|nothing wrong|no hesitation|not to be missed|never regret|not regret
        can not overdo|can not overestimate|can hardly|can scarcely|never too soon to|not too soon to
        no rush to stop|not be sorry|not too soon|nothing more important than|nothing better than|not rocket science
        not difficult|not hard to|no special training|no special skill|no training needed|not need any training
        not a sign of weakness
    """,
}
