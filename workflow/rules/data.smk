# Images: fetched once, where they come from the network; read once, for all runs of all studies.


# Where snakemake itself runs: nodes of a cluster may have no network.
localrules:
    download,


rule download:
    input:
        source=dataset_source_of,
    output:
        f"{RESULTS}/data/{{dataset}}.downloaded.json",
    log:
        f"{RESULTS}/logs/data/{{dataset}}.downloaded.log",
    retries: 3
    conda:
        "../envs/bench.yaml"
    params:
        study=STUDY.path,
        settings=dataset_settings_of,
    shell:
        "bench download --study {params.study:q} --dataset {wildcards.dataset} "
        "--output {output} 2>&1 | tee {log}"


rule data:
    input:
        source=dataset_source_of,
        downloaded=download_of,
    output:
        f"{RESULTS}/data/{{dataset}}.json",
    log:
        f"{RESULTS}/logs/data/{{dataset}}.log",
    conda:
        "../envs/bench.yaml"
    params:
        study=STUDY.path,
        settings=dataset_settings_of,
    shell:
        "bench data --study {params.study:q} --dataset {wildcards.dataset} "
        "--output {output} > {log} 2>&1"
