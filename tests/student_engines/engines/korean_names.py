import numpy as np

class 변수:
    def __init__(self, 값):
        self.data = 값
        self.grad = None
        self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        대기열 = [self.creator]
        while 대기열:
            함수 = 대기열.pop()
            기울기들 = 함수.backward(함수.output.grad)
            for 입력, 기울기 in zip(함수.inputs, 기울기들):
                입력.grad = 기울기 if 입력.grad is None else 입력.grad + 기울기
                if 입력.creator is not None and 입력.creator not in 대기열:
                    대기열.append(입력.creator)

class 함수:
    def __call__(self, *입력들):
        self.inputs = 입력들
        결과 = self.forward(*[v.data for v in 입력들])
        self.output = 변수(np.asarray(결과))
        self.output.creator = self
        return self.output

class 제곱(함수):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        return (2 * self.inputs[0].data * gy,)

class 곱하기(함수):
    def forward(self, a, b):
        return a * b
    def backward(self, gy):
        a, b = self.inputs
        return gy * b.data, gy * a.data

# %% use
가로 = 변수(np.array(3.0))
세로 = 변수(np.array(4.0))
넓이 = 곱하기()(가로, 세로)
결과 = 제곱()(넓이)
결과.backward()
print("가로:", 가로.grad, "세로:", 세로.grad)
