"""A paper whose numbers are the results': change the results, and the paper changes."""

from alignlab.study import analyze, build_paper, create_study, register_study, run_study

study = create_study("who-labels", question="Does a majority of three label better than one?")
register_study(study)
run_study(study, workers=1)
analyze(study).write(study)

(study.paper / "introduction.md").write_text("Corrected for the family [@holm1979simpel].")
try:
    build_paper(study)
except ValueError as error:
    print(error)

(study.paper / "introduction.md").write_text("Corrected for the family [@holm1979simple].")
print(build_paper(study, anonymous=True))
