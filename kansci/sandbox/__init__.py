"""Submitted files: what they say, asked in a sandbox; this process never loads one."""

from kansci.sandbox.errands import errand as errand
from kansci.sandbox.foreign import Described as Described
from kansci.sandbox.foreign import Foreign as Foreign
from kansci.sandbox.foreign import describe as describe
from kansci.sandbox.foreign import foreign as foreign
from kansci.sandbox.foreign import named as named
from kansci.sandbox.walls import Kind as Kind
from kansci.sandbox.walls import available as available
from kansci.sandbox.walls import switch_off as switch_off
