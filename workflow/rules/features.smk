# Feature extractors for images, trained on the training split.


rule features:
    output:
        f"{RESULTS}/features/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/features/{{dataset}}.log",
    conda:
        "../envs/bench.yaml"
    params:
        bench=BENCH,
        cache="results/.cache/features",
    shell:
        "{params.bench} features --dataset {wildcards.dataset} --cache {params.cache} "
        "--output {output} > {log} 2>&1"
