"""Submissions that try to get marks that they have not earned, to take what is not theirs, or just break.

Each has a name, its cells, and the statuses of the two tests of the sheet about squaring that it deserves.
"""

from __future__ import annotations

from tests.homework.conftest import ENGINE, RIGHT, SQUARE

WRONG = SQUARE.replace("x ** 2", "x * 3").replace("2 * self.input.data * gy", "gy")
EMPTY = ("class Variable: pass",)

PASS = ("pass", "pass")
FAIL = ("fail", "fail")

NOTEBOOKS: dict[str, tuple[tuple[str, ...], tuple[str, str]]] = {
    "right": (RIGHT, PASS),
    "wrong": ((ENGINE, WRONG), FAIL),
    "nothing": (("print('hello')",), ("missing", "missing")),
    "prints to stderr": ((*RIGHT, "import sys\nprint('debug', file=sys.stderr)"), PASS),
    "raises in the middle": ((ENGINE, "1 / 0", SQUARE), PASS),
    "syntax error": ((ENGINE, "def (:", SQUARE), PASS),
    "sys.exit": ((ENGINE, "import sys; sys.exit(0)", SQUARE), PASS),
    "exit()": ((ENGINE, "exit()", "quit()", SQUARE), PASS),
    "os._exit after the work": ((*RIGHT, "import os; os._exit(0)"), PASS),
    "os._exit in the answer": (
        (ENGINE, SQUARE.replace("return x ** 2", "import os; os._exit(0)")),
        ("killed", "killed"),
    ),
    "kills its process": ((*RIGHT, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), PASS),
    "kills everything": ((*RIGHT, "import os, signal; os.kill(-1, signal.SIGKILL)"), PASS),
    "kills the parent": (
        (*RIGHT, "import os, signal\nfor n in (1, os.getppid()):\n    os.kill(n, signal.SIGKILL)"),
        PASS,
    ),
    "kills its process group": ((*RIGHT, "import os, signal; os.kill(0, signal.SIGKILL)"), PASS),
    "kills its process group in the answer": (
        (ENGINE, SQUARE.replace("return x ** 2", "import os; os.kill(0, 9)")),
        ("killed", "killed"),
    ),
    "segmentation fault": ((*RIGHT, "import ctypes; ctypes.string_at(0)"), PASS),
    "input()": ((ENGINE, "name = input('your name?')", SQUARE), PASS),
    "input transformer that blanks": (
        (ENGINE, WRONG, "get_ipython().input_transformers_post.append(lambda lines: [])", "x = 1"),
        FAIL,
    ),
    "input transformer, right code after": (
        (ENGINE, "get_ipython().input_transformers_cleanup.append(lambda lines: [])", SQUARE),
        PASS,
    ),
    "ast transformer": (
        (
            ENGINE,
            (
                "import ast\nclass T(ast.NodeTransformer):\n    def visit(self, node): return ast.Module([], [])\n"
                "get_ipython().ast_transformers.append(T())"
            ),
            SQUARE,
        ),
        PASS,
    ),
    "replaces np.allclose and the testing module": (
        (
            ENGINE,
            WRONG,
            (
                "import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
                "np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None"
            ),
        ),
        FAIL,
    ),
    "replaces builtins": (
        (
            ENGINE,
            WRONG,
            (
                "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.abs = lambda x: 0\n"
                "builtins.AssertionError = SystemExit\nbuiltins.all = builtins.any = lambda x: True"
            ),
        ),
        FAIL,
    ),
    "right code that replaces builtins": (
        (*RIGHT, "import builtins\nbuiltins.getattr = builtins.callable = builtins.hasattr = None"),
        PASS,
    ),
    "replaces json": (
        (
            *RIGHT,
            "import json\njson.dumps = json.JSONEncoder.encode = lambda *a, **k: '{}'\njson.loads = None",
        ),
        PASS,
    ),
    "replaces pytest": ((ENGINE, WRONG, "import pytest\npytest.fail = pytest.raises = lambda *a, **k: None"), FAIL),
    "replaces our package": (
        (
            ENGINE,
            WRONG,
            (
                "import sys\nfor name, module in list(sys.modules.items()):\n"
                "    if name.startswith('ipy_autodiff'):\n"
                "        for key in list(vars(module)):\n"
                "            if not key.startswith('__'):\n"
                "                setattr(module, key, lambda *a, **k: None)"
            ),
        ),
        FAIL,
    ),
    "right code that replaces our package": (
        (
            *RIGHT,
            "from ipy_autodiff.homework.sandbox import wire\nfrom ipy_autodiff.homework.sandbox.inside import answers",
            "answers.Answers.__call__ = None\nwire.send = None",
        ),
        PASS,
    ),
    "looks up its caller": (
        (
            ENGINE,
            (
                "import inspect\ndef square(x):\n"
                "    for frame in inspect.stack():\n"
                "        for name in ('expected', 'desired', 'x', 'want'):\n"
                "            if name in frame.frame.f_locals and frame.function.startswith('test'):\n"
                "                return Variable(frame.frame.f_locals[name] ** 2)\n"
                "    return Variable(np.zeros(1))"
            ),
        ),
        ("fail", "error"),
    ),
    "__eq__ that always agrees": (
        (
            (
                "class Agree:\n"
                "    def __eq__(self, other): return True\n"
                "    def __array__(self, *a, **k): return self\n"
                "    def __getattr__(self, name): return self\n"
                "    def __call__(self, *a, **k): return self\n"
                "    __hash__ = None\n"
                "    __sub__ = __rsub__ = __abs__ = __float__ = __lt__ = __le__ = __bool__ = lambda self, *a: True\n"
                "Variable = square = Agree()"
            ),
        ),
        FAIL,
    ),
    "an array that agrees": (
        (
            ENGINE,
            (
                "class Agree(np.ndarray):\n"
                "    def __array_ufunc__(self, *a, **k): return True\n"
                "    def __array_function__(self, *a, **k): return True\n"
                "def square(x):\n    y = Variable(np.zeros(3).view(Agree))\n    y.backward = lambda: None\n    return y"
            ),
        ),
        FAIL,
    ),
    "objects instead of numbers": (
        (ENGINE, "def square(x):\n    return Variable(np.array([object()]))"),
        ("fail", "error"),
    ),
    "NaN": ((ENGINE, SQUARE.replace("x ** 2", "x * np.nan").replace("2 * self", "np.nan * self")), FAIL),
    "complex": ((ENGINE, SQUARE.replace("x ** 2", "x ** 2 + 1e-3j")), FAIL),
    "an answer without end": (
        (ENGINE, SQUARE.replace("return x ** 2", "return np.zeros(2_000_000)")),
        ("fail", "error"),
    ),
    "a nested answer": (
        (ENGINE, "deep = []\nfor _ in range(100_000):\n    deep = [deep]\ndef square(x):\n    return deep"),
        ("error", "fail"),
    ),
    "an exception that misbehaves": (
        (
            ENGINE,
            (
                "class Bad(Exception):\n"
                "    def __str__(self): raise self\n    __repr__ = __str__\n"
                "    @property\n    def __traceback__(self): raise ValueError\n"
                "def square(x): raise Bad()"
            ),
            "raise Bad()",
        ),
        ("error", "error"),
    ),
    "signal handlers": (
        (
            *RIGHT,
            (
                "import signal\nfor number in range(1, 32):\n    try:\n        signal.signal(number, lambda *a: None)\n"
                "    except Exception:\n        pass\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))"
            ),
        ),
        PASS,
    ),
    "threads that outlive the cell": (
        (
            *RIGHT,
            (
                "import threading, time\ndef work():\n    while True: time.sleep(0.001)\n"
                "for _ in range(10):\n    threading.Thread(target=work).start()"
            ),
        ),
        PASS,
    ),
    "a child process that stays": (
        (
            *RIGHT,
            "import subprocess\nsubprocess.Popen(['/bin/sleep', '99'], start_new_session=True)",
        ),
        PASS,
    ),
    "atexit and excepthook": (
        (
            *RIGHT,
            "import atexit, sys, os\natexit.register(os._exit, 0)",
            "sys.excepthook = sys.unraisablehook = lambda *a: os._exit(1)",
        ),
        PASS,
    ),
    "trace functions and no recursion": (
        (
            *RIGHT,
            "import sys\nsys.setprofile(lambda *a: 1 / 0)",
            "import sys\nsys.settrace(lambda *a: None)\nsys.setrecursionlimit(60)",
        ),
        PASS,
    ),
    "closes all files": ((*RIGHT, "import os\nos.closerange(0, 100)"), PASS),
    "closes standard output": ((*RIGHT, "import sys\nsys.stdout.close()\nsys.stdout = sys.stderr = None"), PASS),
    "prints without end": ((*RIGHT, "for _ in range(300):\n    print('x' * 200_000)"), PASS),
    "deletes everything": ((*RIGHT, "import os\nos.system('rm -rf / --no-preserve-root 2>/dev/null')"), PASS),
    "rebinds Variable's helpers": ((*RIGHT, "del np", "import numpy as np"), PASS),
    "the reference engine's numbers by another name": (
        ("import ipy_autodiff as ad\nVariable = ad.Variable\ndef square(x): return ad.square(x) + 1",),
        FAIL,
    ),
    "numpy patched so that wrong numbers agree": (
        (
            ENGINE,
            (
                "np.power = np.square = np.multiply = lambda a, b=2, **k: np.asarray(a) * 3\n"
                "np.testing.assert_allclose = np.allclose = lambda *a, **k: True\n"
            ),
            SQUARE.replace("x ** 2", "np.power(x, 2)").replace("2 * self.input.data * gy", "np.square(gy)"),
        ),
        ("pass", "fail"),  # its own code, with NumPy as it is, is right forward
    ),
    "a lying __array__": (
        (
            ENGINE,
            (
                "class Lie:\n    __class__ = np.ndarray\n    dtype, shape, size, ndim = np.dtype(float), (2, 3), 6, 2\n"
                "    def __array__(self, *a, **k): return np.array([object()] * 6).reshape(2, 3)\n"
                "    def tobytes(self): return b'x' * 48\n"
                "def square(x):\n    y = Variable(np.ones(1))\n    y.data = Lie()\n"
                "    y.backward = lambda: None\n    return y"
            ),
        ),
        FAIL,
    ),
    "a subclass with its own tobytes": (
        (
            ENGINE,
            (
                "class Sub(np.ndarray):\n    def tobytes(self, *a): return bytes(48)\n"
                "    shape = property(lambda self: (2, 3))\n    nbytes = property(lambda self: -1)\n"
                "def square(x):\n    y = Variable(np.ones((2, 3)).view(Sub))\n    x.grad = y.data\n"
                "    y.backward = lambda: None\n    return y"
            ),
        ),
        FAIL,
    ),
    "something to unpickle": (
        (
            ENGINE,
            (
                "import os\nclass Bomb:\n    def __reduce__(self): return os.system, ('touch /tmp/unpickled',)\n"
                "def square(x):\n    y = Variable(np.ones(1))\n"
                "    y.data = np.array([Bomb()], dtype=object)\n    return y"
            ),
        ),
        ("fail", "error"),
    ),
    "empty arrays": (
        (
            ENGINE,
            (
                "def square(x):\n    y = Variable(np.zeros((0, 3)))\n"
                "    def backward(): x.grad = np.zeros(0)\n    y.backward = backward\n    return y"
            ),
        ),
        FAIL,
    ),
    "writes the answer itself, wrong": (
        (
            ENGINE,
            (
                "import sys, os, json, base64\n"
                "def square(x):\n"
                "    frame = sys._getframe()\n"
                "    while not hasattr(frame.f_locals.get('message'), 'nonce'):\n"
                "        frame = frame.f_back\n"
                "    message = frame.f_locals['message']\n"
                "    def value(count):\n"
                "        data = base64.b64encode(bytes(8 * count)).decode()\n"
                "        array = {'dtype': '<f8', 'shape': [count], 'data': data}\n"
                "        return {'kind': 'value', 'array': array, 'type': 'ndarray'}\n"
                "    answer = value(1) if message.ask == 'value' else {\n"
                "        'kind': 'gradients', 'gradients': {'x': value(4)}, 'forward_calls': 1, 'backward_calls': 1}\n"
                "    found = {'kind': 'answered', 'nonce': message.nonce, 'answer': answer}\n"
                "    body = json.dumps(found).encode()\n"
                "    frame.f_locals['channel'].sendall(len(body).to_bytes(8, 'big') + body)\n"
                "    os._exit(0)"
            ),
        ),
        ("error", "error"),  # what messages are sent by is not found so
    ),
    "says that the test was over": (
        (
            *RIGHT,
            (
                "import os, json, sys\n"
                "def forge():\n"
                "    body = json.dumps({'kind': 'over', 'code': 0, 'test': 2}).encode()\n"
                "    for number in range(3, 40):\n"
                "        try:\n            os.write(number, len(body).to_bytes(8, 'big') + body)\n"
                "        except OSError:\n            pass\n"
                "old = Square.forward\n"
                "def forward(self, x):\n    if x.ndim == 2: forge()\n    return old(self, x)\n"
                "Square.forward = forward"
            ),
        ),
        ("killed", "killed"),  # what is not signed only drowns its own answers
    ),
    "replaces os": (
        (
            *RIGHT,
            (
                "import os, signal, socket\nfor module in (os, signal, socket):\n"
                "    for name in dir(module):\n        if name[0].islower():\n            setattr(module, name, None)"
            ),
        ),
        PASS,
    ),
    "clears sys.modules": ((*RIGHT, "import sys\nsys.modules.clear()"), PASS),
    "stops itself": (
        (*RIGHT, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nos.kill(-1, signal.SIGSTOP)"),
        PASS,
    ),
    "goes on twice": ((*RIGHT, "import os\nos.fork()"), PASS),
    "the child goes on, the parent ends": ((*RIGHT, "import os\nif os.fork(): os._exit(0)"), PASS),
    "gc that strikes": (
        (
            *RIGHT,
            "import gc\ngc.callbacks.append(lambda *a: 1 / 0)\ngc.set_threshold(1)",
            "class D:\n    def __del__(self): raise SystemExit\nkeep = [D() for _ in range(9)]",
        ),
        PASS,
    ),
    "takes its own limits away": (
        (*RIGHT, "import resource\nfor n in (7, 6):\n    resource.setrlimit(n, (1, 1))"),
        ("killed", "killed"),
    ),
    "a repr without end": (
        (
            ENGINE,
            "def no(self): return repr(self)\nVariable.__repr__ = Variable.__str__ = no\n" + WRONG,
            "Variable(np.ones(1))",
        ),
        FAIL,
    ),
    "sits in sitecustomize": (
        (
            ENGINE,
            WRONG,
            (
                "import os, sys\nfor name in ('sitecustomize', 'usercustomize', 'numpy', 'pytest', 'conftest'):\n"
                "    for folder in ('.', '/tmp', '/homework', *sys.path):\n"
                "        try:\n            open(os.path.join(folder, name + '.py'), 'w').write('raise SystemExit')\n"
                "        except OSError:\n            pass"
            ),
        ),
        FAIL,
    ),
    "magics": (("%%time\n" + ENGINE.strip(), "%timeit -n1 -r1 1\n!echo hello\n" + SQUARE), PASS),
}
