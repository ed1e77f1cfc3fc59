"""Models for laws that are dear to check: one of every way to compute.

Laws that every form must hold are checked for all by `kansci.testing`; what is asked here of a
few is asked of the engine around them.
"""

from kansci.models import get_model

NAMES = (
    *("mlp-silu", "mlp-rff", "mlp-spline"),  # layers of torch; drawn buffers; units with splines
    *("kan", "relukan", "linearkan", "chebykan", "sinekan", "fastkan-norm"),  # bases
    *("wavkan", "grkan", "freeknotkan", "multkan", "kaf", "powermlp"),  # layers of their own
    *("linear-rbf", "kan-one-layer"),  # looked up
)
MODELS = [get_model(name) for name in NAMES]
