"""NVIDIA GPUs through NVML, in a process of its own.

A driver library that hangs, aborts or loses a GPU must not touch the command: everything that calls
it runs in the *helper*, which is started after the command and dies with carbonrun::

    library      is there anything to ask? A few system calls, in carbonrun.
    client       takes what the helper says, and starts it again if it is silent. In carbonrun.
    process      the helper as a child process. In carbonrun.
    facts        what is said of a GPU: its device, notes; advice: what could be better. Pure.
    protocol     the lines that the helper writes. Pure.
    helper       the helper's program: looks at all GPUs twice a second
      binding    the package nvidia-ml-py, or what is wrong with it
      driver     one call of the library: its answer, or why not
      devices    finds the GPUs
      device     one GPU: energy, who is on it, how busy they are
      energy     joules by the best sensor that answers
      sensors    how long the window of each sensor is. Pure.
      presence   who holds a context
      use        how busy each process is, from samples or from accounting
      identities which process a number is, and whose descendant
"""
