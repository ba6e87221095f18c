# Feature extractors for images, trained on the training split.


rule features:
    input:
        source=dataset_source_of,
    output:
        f"{RESULTS}/features/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/features/{{dataset}}.log",
    conda:
        "../envs/bench.yaml"
    params:
        cache="results/.cache/features",
    shell:
        "bench features --dataset {wildcards.dataset} --cache {params.cache} "
        "--output {output} > {log} 2>&1"
