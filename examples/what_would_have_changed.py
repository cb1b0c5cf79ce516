"""Say what would have changed a mortgage decision, and what that costs the denied by group."""

from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from alignlab.datasets import Constraints, load_example
from alignlab.transparency import counterfactuals, recourse_cost

table = load_example("mortgage")
X = table.features
text = list(X.select_dtypes(exclude="number"))
encode = make_column_transformer((OneHotEncoder(), text), remainder=StandardScaler())
model = make_pipeline(encode, LogisticRegression(class_weight="balanced", max_iter=500))
model.fit(X, table.outcomes)

constraints = Constraints(
    immutable=["afam", "single", "hschool", "unemp", "phist", "insurance"],
    monotone={"pirat": "decreasing", "hirat": "decreasing", "lvrat": "decreasing"},
    relations=["hirat <= pirat"],
)
broken = constraints.violations(X)["row"]
X = X.drop(index=broken)

denied = X[model.predict(X) == "yes"]
found = counterfactuals(model, denied.iloc[[4]], data=X, constraints=constraints)
print(f"Denied with {found.answer:.2f}. Found: {found.method}.")
print(*found.sentences, sep="\n")

cost = recourse_cost(
    model, X[::5], "afam", favourable="no", data=X, constraints=constraints, method="search"
)
print(*cost.sentences, sep="\n")
