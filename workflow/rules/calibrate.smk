# Calibration: discriminators alone, between distributions whose divergence is known.


rule calibrate:
    input:
        sources=variant_sources_of,
    output:
        estimates=f"{RESULTS}/calibration/{{variant}}/estimates.parquet",
        outputs=f"{RESULTS}/calibration/{{variant}}/outputs.parquet",
        pulls=f"{RESULTS}/calibration/{{variant}}/pulls.parquet",
        variant=f"{RESULTS}/calibration/{{variant}}/variant.json",
    log:
        f"{RESULTS}/logs/calibration/{{variant}}.log",
    conda:
        "../envs/bench.yaml"
    params:
        study=STUDY.path,
        settings=calibration_settings_of,
        folder=subpath(output.estimates, parent=True),
    shell:
        "bench calibrate --study {params.study:q} --variant {wildcards.variant} "
        "--output {params.folder} > {log} 2>&1"
