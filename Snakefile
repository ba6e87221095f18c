# Trains every cell of a study, measures it, and writes its report:
#
#     snakemake --cores all --config study=quick
#
# `study` is the name of a file in workflow/studies/ or the path of a YAML file of your own.


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/calibrate.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        f"{RESULTS}/metrics.parquet",
        f"{RESULTS}/manifest.json",
        f"{RESULTS}/report/index.html",


onsuccess:
    if Path(RESULTS, "report", "index.html").exists():
        print(f"The report is {Path(RESULTS).resolve()}/report/index.html", file=sys.stderr)


onerror:
    # What has finished is reported all the same, with the failed runs counted.
    shell(
        f"bench gather --study {quote(str(STUDY.path))} --results {RESULTS} && bench report {RESULTS}"
    )
