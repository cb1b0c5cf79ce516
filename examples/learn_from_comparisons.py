"""Learn a task whose reward nobody wrote down, from comparisons that a person could make.

python examples/learn_from_comparisons.py

The run is kept in a directory and stops while questions wait for answers. Here a teacher that knows
the true reward, and errs now and then, takes the person's place; a `FileTeacher` lets a person
answer in a text file, and any object with `ask` and `collect` is a teacher.
"""

from alignlab.values.learning import SyntheticTeacher, resume_training, train_from_preferences


class Person:
    """Answers tomorrow: what is asked today is collected the next time."""

    def __init__(self):
        self.mind = SyntheticTeacher(rationality=5.0, mistakes=0.05, name="ana")
        self.asked_before = set()
        self.answers = []

    def ask(self, queries):
        """Take the questions; think about those that were seen before."""
        self.mind.ask([query for query in queries if query.id in self.asked_before])
        self.answers = self.mind.collect()
        self.asked_before |= {query.id for query in queries}

    def collect(self):
        """Return what has been thought of so far."""
        return self.answers


if __name__ == "__main__":
    person = Person()
    training = train_from_preferences(
        "CartPole-v1",
        person,
        comparisons=40,
        rounds=2,
        policy_steps=6_000,
        evaluation_episodes=10,
        algorithm_options={"n_steps": 32, "batch_size": 256, "n_epochs": 20, "gamma": 0.98},
        directory="cartpole-run",
    )
    while training.state == "waiting":
        print(f"{len(training.open)} questions wait, such as {training.open[0]}")
        training = resume_training("cartpole-run", "CartPole-v1", person)
    print(training.to_frame()[["comparisons", "ties", "policy_steps", "true_return"]])
    for note in training.notes:
        print(note)
