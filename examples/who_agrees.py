"""Five networks that learned the digits 0 to 7, asked about the 8 and the 9 too.

python examples/who_agrees.py
"""

from alignlab.datasets import load_images
from alignlab.predictors.networks import Architecture, network
from alignlab.training import CrossEntropy, fit
from alignlab.uncertainty import deep_ensemble, last_layer_laplace


def main() -> None:
    known, held = load_images("digits").split(1 / 3, seed=0)
    seen = known.labels < 8
    rows = known.images[seen], known.labels[seen]
    members = []
    for seed in range(5):  # what makes an ensemble: each begins elsewhere, and sees another order
        module = network(Architecture("mlp", hidden=(64,)), (1, 8, 8), 8, seed=seed)
        trained = fit(module, rows, [CrossEntropy()], epochs=20, learning_rate=3e-3, seed=seed)
        members.append(trained.module.eval())

    ensemble = deep_ensemble(members, held.images, classes=range(8))
    layer = last_layer_laplace(members[0], *rows, classes=range(8))
    strange = held.labels >= 8
    for drawn in (ensemble, layer.predict(held.images)):
        told = drawn.mutual_information
        print(f"{drawn.kind}: {told[~strange].mean():.3f} nats on digits that were learned, "
              f"{told[strange].mean():.3f} on the 8 and the 9")  # fmt: skip
    alone = ensemble.samples[0].argmax(axis=1) == held.labels
    together = ensemble.mean.argmax(axis=1) == held.labels
    print(f"Right on learned digits: {alone[~strange].mean():.3f} the first one alone, "
          f"{together[~strange].mean():.3f} together")  # fmt: skip


if __name__ == "__main__":
    main()
