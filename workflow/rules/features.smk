# What measures images: a classifier of their own, and real features and statistics of all
# extractors, which all runs share.


rule features:
    input:
        data=data_of,
        weights=weights_of,
    output:
        f"{RESULTS}/features/{{dataset}}.json",
    log:
        f"{RESULTS}/logs/features/{{dataset}}.log",
    conda:
        "../envs/bench.yaml"
    params:
        study=STUDY.path,
        settings=evaluation_of,
    shell:
        "bench features --study {params.study:q} --dataset {wildcards.dataset} "
        "--output {output} > {log} 2>&1"
