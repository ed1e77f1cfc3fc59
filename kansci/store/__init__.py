"""The MLflow store: a view of Records and boards for browsing.

Records are JSON files and stay the store of record: this one can be deleted and is rebuilt by
`kansci ui` or `kansci sync`. One process makes database and experiments before others log: of
several that meet an empty database, all but one die.
"""

from kansci.store.boards import log_board as log_board
from kansci.store.runs import FAMILIES as FAMILIES
from kansci.store.runs import Store as Store
from kansci.store.runs import Sync as Sync
from kansci.store.runs import open_store as open_store
from kansci.store.speech import StoreError as StoreError
