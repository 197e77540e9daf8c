"""Which samples lie in the balls around others.

Products in float32 bound all squared distances from below and above, which settles nearly all
pairs. The others are decided in float64.
"""

import itertools

import numpy as np

_BLOCK = 1000  # rows and columns of a matrix of distances
_PAIRS = 100  # whose differences stay in cache
_SPARE = 3  # candidates beyond the k-th neighbor, so that few radii stay in doubt
_FEW = 0.01  # share of a block up to which pairs cost less one by one than as a product
_EPSILON, _TINY = (float(getattr(np.finfo("float32"), name)) for name in ("eps", "tiny"))


def neighborhood_counts(real, generated, k):
    """Numbers of: real balls that hold each generated sample; generated samples in each real ball;
    generated balls that hold each real sample."""
    real, generated = in_unit_cube(real, generated)
    radii = squared_radii(real, k), squared_radii(generated, k)
    bounds = Bounds(real), Bounds(generated)
    balls_of_generated = np.zeros(len(generated), dtype=np.int64)
    generated_in_ball, balls_of_real = np.zeros((2, len(real)), dtype=np.int64)
    middles = real.mean(axis=0), generated.mean(axis=0)
    for i, j in itertools.product(blocks(len(real)), blocks(len(generated))):
        low = bounds[0].lower(i, bounds[1], j)
        width = bounds[0].width[i], bounds[1].width[j]
        inside = in_balls(real[i], generated[j], radii[0][i], low, width, middles[0])
        generated_in_ball[i] += np.count_nonzero(inside, axis=1)
        balls_of_generated[j] += np.count_nonzero(inside, axis=0)
        inside = in_balls(generated[j], real[i], radii[1][j], low.T, width[::-1], middles[1])
        balls_of_real[i] += np.count_nonzero(inside, axis=0)
    return balls_of_generated, generated_in_ball, balls_of_real


def in_unit_cube(real, generated):
    """The sets around the origin, and scaled by a power of two, so that float32 holds squares."""
    middle = (real.mean(axis=0) + generated.mean(axis=0)) / 2
    sets = real - middle, generated - middle
    largest = max(max(points.max(), -points.min()) for points in sets)
    scale = 2.0 ** -np.ceil(np.log2(largest or 1.0))
    for points in sets:
        points *= scale
    return sets


def blocks(number, size=None):
    size = size or _BLOCK
    return [slice(start, min(start + size, number)) for start in range(0, number, size)]


def pairs_in(mask):
    """`np.nonzero`, several times as fast where few are."""
    return np.unravel_index(np.flatnonzero(mask), mask.shape)


class Bounds:
    """Bounds of squared distances from points of the unit cube, by products in float32.

    Those are wrong by at most (d + 4) ε (‖x‖² + ‖y‖²): lower bounds are found with squared norms
    less their part of it, and `width` is what the parts of both add to make an upper bound.
    """

    def __init__(self, points):
        self.points = points.astype("float32")
        norms = squared_norms(points)
        error = (points.shape[1] + 4) * _EPSILON * norms + _TINY
        self.norms = (norms - error).astype("float32")
        self.width = 2 * error

    def lower(self, rows, other, columns):
        bounds = self.points[rows] @ other.points[columns].T
        bounds *= -2
        bounds += self.norms[rows, np.newaxis]
        bounds += other.norms[columns]
        return bounds


def in_balls(centers, points, radii, low, width, middle):
    """Whether each ball holds each point, in a block of which `low` are lower bounds."""
    inside = low <= (radii * (1 + 4 * _EPSILON) + _TINY).astype("float32")[:, np.newaxis]
    i, j = pairs_in(inside)
    doubtful = low[i, j] + width[0][i] + width[1][j] > radii[i]
    i, j = i[doubtful], j[doubtful]
    if len(i) <= _FEW * inside.size:
        inside[i, j] = squared_distances(centers, points, i, j) <= radii[i]
    else:
        inside[i, j] = squared_by_products(centers - middle, points - middle)[i, j] <= radii[i]
    return inside


def squared_norms(x):
    return np.einsum("ij,ij->i", x, x)


def squared_distances(x, y, i, j):
    """Squared distances of the pairs x[i], y[j]."""
    found = np.empty(len(i))
    for part in blocks(len(i), _PAIRS):
        found[part] = squared_norms(x[i[part]] - y[j[part]])
    return found


def squared_by_products(x, y):
    from sklearn.metrics import euclidean_distances

    return euclidean_distances(x, y, squared=True)


def squared_radii(points, k):
    """Squared distance of each point's k-th neighbor, and what rounding can add to it.

    Where squared distances are found from products of matrices, rounding depends on how they are
    cut: two equal ones may differ by their error bound, (d + 4) ε (‖x‖ + ‖y‖)².
    """
    points = points - points.mean(axis=0)
    candidates, bounds = nearest(points, min(k + 1 + _SPARE, len(points)))
    rows = np.repeat(np.arange(len(points)), candidates.shape[1])
    squared = squared_distances(points, points, rows, candidates.ravel())
    radii = np.partition(squared.reshape(candidates.shape), k, axis=1)[:, k]  # itself: 0
    if candidates.shape[1] < len(points):
        # All others are at least as far as the last bound.
        doubtful = np.flatnonzero(radii > bounds[:, -1])
        for part in blocks(len(doubtful)):
            squared = squared_by_products(points[doubtful[part]], points)
            radii[doubtful[part]] = np.partition(squared, k, axis=1)[:, k]
    reach = 2 * np.sqrt(squared_norms(points)) + np.sqrt(radii)  # of ‖x‖ + ‖y‖ at the rim
    relative = (points.shape[1] + 4) * np.finfo("float64").eps
    return radii + 2 * relative * reach**2


def nearest(points, number):
    """Indices of those points that are nearest to each by their lower bounds, and those bounds.

    Both of shape (points, number) and in the order of the bounds.
    """
    bounds = Bounds(points)
    kept = np.full((len(points), number), np.inf, dtype="float32")
    indices = np.zeros(kept.shape, dtype=np.int64)
    for i in blocks(len(points)):
        low = bounds.lower(i, bounds, i)
        first = np.argpartition(low, min(number, len(low)) - 1, axis=1)[:, :number]
        rows = np.repeat(np.arange(len(low)), first.shape[1])
        keep_nearest(kept[i], indices[i], rows, first.ravel() + i.start, low[rows, first.ravel()])
    for i, j in itertools.combinations(blocks(len(points)), 2):
        low = bounds.lower(i, bounds, j)
        rows, columns = pairs_in(low < kept[i, -1:])
        keep_nearest(kept[i], indices[i], rows, columns + j.start, low[rows, columns])
        rows, columns = pairs_in(low < kept[j, -1])
        keep_nearest(kept[j], indices[j], columns, rows + i.start, low[rows, columns])
    return indices, kept


def keep_nearest(kept, indices, rows, found, values):
    """Merge `values` at `found`, of those `rows`, into the least of each row, in place."""
    order = np.lexsort((values, rows))
    rows, found, values = rows[order], found[order], values[order]
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    least = place < kept.shape[1]
    rows, place = rows[least], place[least]
    new_kept, new_indices = np.full_like(kept, np.inf), np.zeros_like(indices)
    new_kept[rows, place], new_indices[rows, place] = values[least], found[least]
    kept_all, indices_all = np.hstack([kept, new_kept]), np.hstack([indices, new_indices])
    order = np.argsort(kept_all, axis=1, kind="stable")[:, : kept.shape[1]]
    kept[:] = np.take_along_axis(kept_all, order, axis=1)
    indices[:] = np.take_along_axis(indices_all, order, axis=1)
