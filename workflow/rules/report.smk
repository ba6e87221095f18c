# From the runs' files to one table, one manifest and one page.


rule gather:
    input:
        runs=expand("{cohort}/run.json", cohort=COHORTS),
        metrics=expand("{cohort}/metrics.parquet", cohort=COHORTS),
        controls=expand(f"{RESULTS}/controls/{{dataset}}.parquet", dataset=DATASETS),
        calibration=CALIBRATED,
    output:
        metrics=f"{RESULTS}/metrics.parquet",
        table=f"{RESULTS}/metrics.csv",
        manifest=f"{RESULTS}/manifest.json",
        calibration=GATHERED,
    log:
        f"{RESULTS}/logs/gather.log",
    conda:
        "../envs/bench.yaml"
    params:
        study=STUDY.path,
        results=subpath(output.manifest, parent=True),
        settings=STUDY.hash,
    shell:
        "bench gather --study {params.study:q} --results {params.results} > {log} 2>&1"


rule report:
    input:
        metrics=f"{RESULTS}/metrics.parquet",
        manifest=f"{RESULTS}/manifest.json",
        calibration=GATHERED,
        samples=expand("{cohort}/samples.safetensors", cohort=COHORTS),
    output:
        page=report(
            f"{RESULTS}/report/index.html",
            caption="../report/page.rst",
            category="Report",
            labels={"study": STUDY.name},
        ),
        tables=report(
            directory(f"{RESULTS}/report/tables"),
            patterns=["{name}.csv"],
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{name}"},
        ),
        figures=report(
            directory(f"{RESULTS}/report/figures"),
            patterns=["{name}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{name}"},
        ),
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        "../envs/bench.yaml"
    params:
        results=subpath(input.manifest, parent=True),
    shell:
        "bench report {params.results} > {log} 2>&1"
