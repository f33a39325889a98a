"""Methods that the test theorems speak of, as their authors would write them."""


def gd(f, x, gamma, N):
    for _ in range(N):
        x = x - gamma * f.gradient(x)
    return x


def heavy_ball(f, x, gamma, beta, N):
    before = x
    for _ in range(N):
        x, before = x - gamma * f.gradient(x) + beta * (x - before), x
    return x


def nesterov(f, x, gamma, N):
    y, before = x, x
    for k in range(1, N + 1):
        x = y - gamma * f.gradient(y)
        y = x + (k - 1) / (k + 2) * (x - before)
        before = x
    return x


def proximal_point(f, x, gamma, N):
    for _ in range(N):
        x = f.prox(x, gamma)
    return x


def proximal_gradient(f, h, x, gamma, N):
    for _ in range(N):
        x = h.prox(x - gamma * f.gradient(x), gamma)
    return x


def subgradient(f, x, gamma, N):
    best, mean = f(x), x
    for k in range(N):
        x = x - gamma * f.gradient(x)
        best = min(best, f(x))
        mean = mean + (x - mean) / (k + 2)
    return best, mean


def ef21(f, x, C, gamma, N):
    g = C(f.gradient(x))
    for _ in range(N):
        x = x - gamma * g
        g = g + C(f.gradient(x) - g)
    return x
