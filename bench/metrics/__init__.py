"""Metrics: pure functions of arrays or features, one family a file.

``modes`` and ``transport`` take samples of a mixture; ``classifier`` and ``fidelity`` turn images
into features and features into numbers; ``evaluator`` binds a dataset to its named protocols.
"""
