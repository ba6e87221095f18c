"""Compare GAN objectives under one protocol.

Layers, each importing only what stands below it:

    cli
    report                       tables and figures to one page
    analysis                     tidy rows in, statistics out
    training                     the cohort engine
    objectives, regularizers, architectures, datasets, metrics
    records, config, files       what a row, a study and a file are

``analysis`` and ``report`` never import torch; nothing here knows about Snakemake.
"""

__version__ = "0.1.0"
