"""Audit a classifier of images, by what else is known of them, and shift what is known.

python examples/audit_images.py
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

import alignlab
from alignlab.datasets import ImageData, load_images
from alignlab.robustness import corrupt_images, covariate_shift

train, held_out = load_images("digits").split(0.4)
model = LogisticRegression(C=0.1, max_iter=500)
model.fit(train.images.reshape(len(train), -1), train.label_names)

# What else is known of each image: here how much ink there is, elsewhere a breed or a camera.
ink = held_out.images.mean(axis=(1, 2, 3))
columns = held_out.columns.assign(ink=np.where(ink > np.median(ink), "much", "little"))
data = ImageData(held_out.images, held_out.labels, held_out.classes, columns, "digits")

checks = ["performance.accuracy", "fairness.accuracy", "robustness.corruption"]
result = alignlab.audit(model, data, groups="ink", checks=checks)
for finding in result.findings:
    print(f"{finding.check}: {finding.summary}")

right = model.predict(data.images.reshape(len(data), -1)) == data.label_names
shift = covariate_shift(right, columns.assign(amount=ink))
worst = shift.worst(5)
print(f"Where {worst.column} is {worst.towards}: accuracy {worst.accuracy}")

foggy = corrupt_images(train, "fog", 3)
again = LogisticRegression(C=0.1, max_iter=500).fit(
    np.concatenate([train.images, foggy.images]).reshape(2 * len(train), -1),
    np.concatenate([train.label_names, train.label_names]),
)
seen = corrupt_images(data.images, "fog", 3, seed=1).reshape(len(data), -1)
before, after = (each.score(seen, data.label_names) for each in (model, again))
print(f"In fog: {before:.2f} right before, {after:.2f} after training in fog too")
