"""Say which features moved each of a forest's answers, exactly, and what parts the groups."""

from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from alignlab import load_example
from alignlab.transparency import shapley_values

table = load_example("mortgage")
X = table.features
text = list(X.select_dtypes(exclude="number"))
encode = make_column_transformer((OneHotEncoder(), text), remainder="passthrough")
model = make_pipeline(encode, RandomForestClassifier(50, max_depth=8, random_state=0))
model.fit(X, table.outcomes)

result = shapley_values(model, X, X.sample(200, random_state=0), target="yes")
print(f"{len(result):,} rows explained, {result.method}; they add up to {result.gap:.0e}")
print(result.to_frame(row=0).head(5).round(3).to_string(index=False))

print("Where the mean answers for Black and other applicants part:")
for name, *means, apart in result.cohorts(X["afam"]).table.rows:
    print(f"{name:>30}  {apart:+.3f}  ({', '.join(f'{mean:+.3f}' for mean in means)})")

with open("waterfall.svg", "w", encoding="utf-8") as file:
    file.write(result.waterfall(0).svg())
