"""Which parts of a digit speak for the class decided, and whether to believe it."""

from pathlib import Path

from sklearn.linear_model import LogisticRegression

from alignlab.datasets import load_images
from alignlab.transparency import lime

train, held_out = load_images("digits").split(0.2, seed=0)
model = LogisticRegression(max_iter=2000).fit(train.images.reshape(len(train), -1), train.labels)

image = held_out.images[0]
told = lime(model, image, segments=16, fill=0.0, scale="log odds")
print(f"decided for {told.target}, it is {held_out.classes[held_out.labels[0]]}")
print(told.sentence)
print(told.to_frame().head(5)[["feature", "given", "coefficient", "low", "high"]])
Path("digit.svg").write_text(told.chart().svg(), encoding="utf-8")
