# What measures images: a classifier of their own, and real features and statistics of all
# extractors, which all runs share.


def weights_of(wildcards):
    """Files of weights that the user has."""
    return list(STUDY.section("evaluation", wildcards.dataset)["extractor_weights"].values())


def evaluation_of(wildcards):
    """All that determines what is prepared."""
    return json.dumps(STUDY.section("evaluation", wildcards.dataset), sort_keys=True)


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
