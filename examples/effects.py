"""How a model's answers change with each feature, and where nobody should read that."""

from sklearn.ensemble import RandomForestClassifier

from alignlab import load_example
from alignlab.transparency import accumulated_local_effects, partial_dependence

table = load_example("mortgage")
X = table.frame[["pirat", "hirat", "lvrat", "chist", "mhist", "unemp"]]
model = RandomForestClassifier(60, min_samples_leaf=10, random_state=0, n_jobs=1)
model.fit(X, table.frame["deny"])

effects = partial_dependence(model, X, target="yes", max_rows=1_000, points=15)
for effect in effects.effects:
    print(effects.sentence(effect.feature))
for line in effects.warnings:
    print("!", line)

local = accumulated_local_effects(model, X, ["pirat"], pairs=[("pirat", "lvrat")], target="yes")
print(local.sentence("pirat"))
print(f"{effects.evaluations:,} rows asked about for the means, {local.evaluations:,} for the rest")

with open("effect.svg", "w", encoding="utf-8") as file:
    file.write(effects.chart("pirat", individual="curves").svg())
