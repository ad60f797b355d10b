"""What scripts use of TensorFlow beside Keras, on NumPy's arrays: ``import fusedrnn as tf``.

``missing`` finds the names here, as ``fusedrnn.reduce_sum``, ``fusedrnn.nn.softmax`` and
``fusedrnn.data.Dataset``; ``tensorflow_names.txt`` has those that TensorFlow has. Functions of
arrays work in the tape and on tensors without values, too, for they are made of NumPy's.

Not here: graphs and sessions, ``GradientTape``, what reads or writes TensorFlow's own files.
"""
