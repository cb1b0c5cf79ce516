"""Find the applicants who could flip their decision by what they can change, and how."""

from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from alignlab.datasets import Constraints, load_example
from alignlab.robustness.attacks.tabular import TabularSearch
from alignlab.robustness.changes import changes
from alignlab.robustness.evaluation import evaluate_robustness
from alignlab.robustness.tabular_threat import TabularThreat

table = load_example("mortgage")
X = table.features
text = list(X.select_dtypes(exclude="number"))
encode = make_column_transformer((OneHotEncoder(), text), remainder="passthrough")
model = make_pipeline(encode, RandomForestClassifier(50, max_depth=8, random_state=0))
model.fit(X, table.outcomes)

denied = X[model.predict(X) == "yes"].reset_index(drop=True)
can_change = ["pirat", "lvrat"]
constraints = Constraints.observed(
    X,
    immutable=[name for name in X if name not in can_change],
    monotone=dict.fromkeys(can_change, "decreasing"),
)
threat = TabularThreat(constraints, 0.1, data=X, scales=None)
result = evaluate_robustness(
    model,
    denied,
    ["yes"] * len(denied),
    threat,
    attacks=TabularSearch(queries=200),
)
print(f"{result.broken.sum()} of {len(denied)} denied applicants could flip their decision:")
print(changes(denied, result.witnesses).round(3).to_string(index=False))
