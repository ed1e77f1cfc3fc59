"""Published claims beside what is measured here: each a file of `leaderboards/claims`."""

from kansci.claims.claim import Claim as Claim
from kansci.claims.measurement import Measurement as Measurement
from kansci.claims.measurement import Quantity as Quantity
from kansci.claims.verdict import Verdict as Verdict
