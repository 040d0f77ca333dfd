"""Polarity: does a text advise an action, prohibit it, allow it on a condition, or only report it?

A clause-level reader of English instructions. It finds the action in any inflection, gathers the cues that reach it
(negation, avoidance, interruption, evaluation, headers, reports, conditions), multiplies their signs («do not stop
pressing» turns twice), and answers `unclear` where evidence is missing. `read_polarity` then asks a small linear model
that has the rules' answer and the words around the action among its features (`features.py`, trained by
scripts/detectors/train.py). Mentions of the lexicon (medtune.detect.mentions) are read by the rules alone.

What the labels mean, for every list of sentences in the tests as well: what the text tells its reader about the action.

advised      do it: commands, recommendations, leave given, benefits named, «no need to hesitate». An if- or when-clause
             that only names the situation changes nothing («if he is not breathing, start CPR»).
prohibited   leave it: prohibitions, avoidance, harms named («rubbing spreads the venom»), «no need to», a myth that the
             text itself rejects, and what something else is preferred to.
conditional  allowed or barred only under a stated condition: only if, unless, until, provided, without approval, «you
             may … once …». What holds without the condition is the opposite of what holds with it.
reported     said, asked, believed, done by others or in the past, or a drug's side effect: neither advised nor barred.
unclear      nothing of this could be told, or the text contradicts itself: for a person to look at.
"""

from medtune.detect.polarity.read import Polarity, read_polarity

VERSION = 3
"""Raised when the same text could be read differently than before."""

__all__ = ["VERSION", "Polarity", "read_polarity"]
