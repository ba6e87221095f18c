# Training: one job trains all seeds of a cell as one batched model.


rule train:
    input:
        sources=sources_of,
        data=data_of,
        extractor=extractor_of,
    output:
        metrics=f"{RESULTS}/runs/{{dataset}}/{{architecture}}/{{variant}}/seeds-{{seeds}}/metrics.parquet",
        table=f"{RESULTS}/runs/{{dataset}}/{{architecture}}/{{variant}}/seeds-{{seeds}}/metrics.csv",
        samples=f"{RESULTS}/runs/{{dataset}}/{{architecture}}/{{variant}}/seeds-{{seeds}}/samples.safetensors",
        weights=f"{RESULTS}/runs/{{dataset}}/{{architecture}}/{{variant}}/seeds-{{seeds}}/weights.safetensors",
        run=f"{RESULTS}/runs/{{dataset}}/{{architecture}}/{{variant}}/seeds-{{seeds}}/run.json",
    log:
        f"{RESULTS}/logs/train/{{dataset}}/{{architecture}}/{{variant}}/seeds-{{seeds}}.log",
    # A checkpoint beside the outputs survives a failure: a retry goes on from there.
    retries: 1
    conda:
        "../envs/bench.yaml"
    params:
        study=STUDY.path,
        settings=settings_of,
        extractor=extractor_option,
        folder=subpath(output.run, parent=True),
    shell:
        "bench train --study {params.study:q} "
        "--cell {wildcards.dataset}/{wildcards.architecture}/{wildcards.variant} "
        "--seeds {wildcards.seeds} {params.extractor} --output {params.folder} > {log} 2>&1"


rule controls:
    input:
        sources=control_sources_of,
        data=data_of,
        extractor=extractor_of,
    output:
        f"{RESULTS}/controls/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/controls/{{dataset}}.log",
    conda:
        "../envs/bench.yaml"
    params:
        study=STUDY.path,
        extractor=extractor_option,
        settings=control_settings_of,
    shell:
        "bench controls --study {params.study:q} --dataset {wildcards.dataset} "
        "{params.extractor} --output {output} > {log} 2>&1"
