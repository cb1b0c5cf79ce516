"""What can five seeds show? A study from its question to its plan and its registration."""

from pathlib import Path

from alignlab.study import create_study, deviations, open_study, plan_study, register_study

study = create_study("who-labels", question="Does a majority of three label better than one?")
print(plan_study(study).headline)

registration = register_study(study)
print(f"Registered: {registration['digest'][:12]}")

statement = Path("who-labels/study.yaml")
statement.write_text(statement.read_text().replace("seeds: 5", "seeds: 8"))
print(*deviations(open_study("who-labels")))
