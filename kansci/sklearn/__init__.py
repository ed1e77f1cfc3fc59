"""scikit-learn estimators: any model of the zoo on a table of one's own."""

from kansci.sklearn.classifier import KANClassifier as KANClassifier
from kansci.sklearn.regressor import KANRegressor as KANRegressor
