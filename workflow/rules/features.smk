# Feature extractors for images, trained on the training split.


rule features:
    input:
        data=data_of,
    output:
        f"{RESULTS}/features/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/features/{{dataset}}.log",
    conda:
        "../envs/bench.yaml"
    params:
        study=STUDY.path,
    shell:
        "bench features --study {params.study:q} --dataset {wildcards.dataset} "
        "--output {output} > {log} 2>&1"
