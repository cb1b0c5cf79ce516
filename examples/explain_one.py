"""Explain one decision in plain words, and write the card as a page."""

from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from alignlab.datasets import load_example
from alignlab.transparency import explain

table = load_example("mortgage")
X = table.features
text = list(X.select_dtypes(exclude="number"))
encode = make_column_transformer((OneHotEncoder(), text), remainder=StandardScaler())
model = make_pipeline(encode, LogisticRegression(max_iter=1000)).fit(X, table.outcomes)

sure = model.predict_proba(X)[:, 1]
denied = int(abs(sure - 0.75).argmin())
card = explain(
    model,
    denied,
    data=X,
    outcomes=table.outcomes,
    protected=table.groups,
    favourable=table.favourable,
    labels={"yes": "denied", "no": "approved"},
    name=table.name,
)
print(card)
print(f"\nThe page is in {card.save('card.html')}")
