import numpy as np
from my_autograd import Variable, log, square
import my_autograd as F

# %% use
x = Variable(np.array([1.0, 2.0, 4.0]))
y = F.square(log(square(x)))
y.backward()
print(x.grad)
