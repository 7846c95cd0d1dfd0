/* A small network's layers on one CPU core, each in one call: what lies between its matrix products takes as long as they
 * do when every step of it is an operation of its own.
 *
 * Plain C with the vector extensions that GCC and Clang share. It is compiled once for each width of vectors; which one
 * a processor gets is decided where the library is loaded (native/__init__.py, which also describes the arguments).
 *
 * T tokens of a pass lie in rows: hidden states (T, H), queries, keys and values side by side (T, W). Every number of a row
 * is summed in an order that depends on nothing but the shapes of the weights and, in attention, on which keys the row sees:
 * a row comes out the same to the last bit whatever other rows share its pass.
 *
 * Products are computed in tiles of MR rows by PANEL columns that stay in registers, from weights that were packed into
 * panels of PANEL columns beforehand, as BLIS does (Van Zee and van de Geijn, 2015, https://doi.org/10.1145/2764454).
 * Attention keeps the scores of PANEL queries in columns, so that its softmax needs no sums across a vector.
 */

#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#ifndef LANES /* numbers in a vector, vectors in a panel, and rows of a tile: as many as there are registers for */
#if defined(__AVX512F__)
#define LANES 16
#define VECTORS 2
#define MR 12
#elif defined(__AVX2__)
#define LANES 8
#define VECTORS 2
#define MR 6
#else
#define LANES 4
#define VECTORS 4
#define MR 6
#endif
#endif
enum { PANEL = LANES * VECTORS, ROWS = 96, DEPTH = 128 };

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef float loose __attribute__((vector_size(4 * LANES), aligned(4), may_alias)); /* anywhere in memory */

#define INLINE static inline __attribute__((always_inline))
#define EXPORT __attribute__((visibility("default")))

INLINE vec load(const float *from) { return *(const loose *)from; }
INLINE void store(float *to, vec x) { *(loose *)to = x; }
INLINE vec all(float x) { return x - (vec){0}; } /* which unlike x + 0 is x, whatever its sign */
INLINE vec either(ivec mask, vec x, vec y) { return (vec)(((ivec)x & mask) | ((ivec)y & ~mask)); }
INLINE vec greater(vec x, vec y) /* y where either is not a number */
{
#if defined(__AVX512F__) && LANES == 16
    return (vec)_mm512_max_ps((__m512)x, (__m512)y);
#elif defined(__AVX2__) && LANES == 8
    return (vec)_mm256_max_ps((__m256)x, (__m256)y);
#else
    return either(x > y, x, y);
#endif
}

INLINE float total(vec x) /* its elements added up */
{
    float parts[LANES];
    store(parts, x);
    for (int width = LANES / 2; width; width /= 2)
        for (int i = 0; i < width; i++) parts[i] += parts[i + width];
    return parts[0];
}

/* -- functions of numbers, to about one unit in the last place: the polynomials are those of Cephes (Moshier) */

INLINE vec power(vec x) /* exp(x) for x from -87.33 to 88.3 */
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number, which its last bits then are */
    vec shifted = x * 1.44269504088896341f + magic, whole = shifted - magic;
    vec r = x - whole * 0.693359375f - whole * -2.12194440e-4f;
    vec p = all(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    return p * (vec)(((ivec)shifted << 23) + 0x3f800000);
}

INLINE vec exponential(vec x) /* what is not a number stays so, here and below */
{
    ivec none = x <= all(-87.33f);
    x = 0.0f - greater(all(-88.3f), 0.0f - greater(all(-87.33f), x));
    return (vec)((ivec)power(x) & ~none);
}

INLINE vec tangent(vec x) /* the hyperbolic one */
{
    vec size = (vec)((ivec)x & 0x7fffffff), squared = x * x;
    vec p = all(-5.70498872745e-3f);
    p = p * squared + 2.06390887954e-2f;
    p = p * squared + -5.37397155531e-2f;
    p = p * squared + 1.33314422036e-1f;
    p = p * squared + -3.33332819422e-1f;
    vec small = p * squared * x + x;
    vec large = 1.0f - 2.0f / (exponential(size + size) + 1.0f);
    large = (vec)((ivec)large | ((ivec)x & (int32_t)0x80000000));
    return either(size < all(0.625f), small, large);
}

INLINE vec gelu(vec x) /* in its tanh form: 0.5 x (1 + tanh u) = x / (1 + exp(-2 u)) */
{
    vec u = 0.7978845608028654f * (x + 0.044715f * x * x * x);
    return x / (1.0f + exponential(-2.0f * u));
}

/* -- matrix products */

enum Then { PLAIN, GELU, TIMES, SOFTCAP }; /* what becomes of a product: itself, gelu of it, times what stood there, ... */

typedef struct {
    enum Then then;
    float cap;
} Epilogue;

/* acc (m, n vectors) = a (m, depth) b (depth, n vectors), or that in addition if `more`; a's rows and columns lie `row` and `column` apart. */
INLINE void tile(int m, int n, const float *a, int64_t row, int64_t column, const float *b, int64_t width, int64_t depth,
                 int more, vec acc[MR][VECTORS])
{
    vec sum[MR][VECTORS] = {0};
    for (int i = 0; more && i < m; i++)
        for (int j = 0; j < n; j++) sum[i][j] = acc[i][j];
    for (int64_t k = 0; k < depth; k++) {
        vec right[VECTORS];
        for (int j = 0; j < n; j++) right[j] = load(b + k * width + j * LANES);
        for (int i = 0; i < m; i++) {
            vec left = all(a[i * row + k * column]);
            for (int j = 0; j < n; j++) sum[i][j] += left * right[j];
        }
    }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) acc[i][j] = sum[i][j];
}

/* calls tile for the m and n that are known at compile time only then */
#define EACH(m, n, ...) \
    case m: tile(m, n, __VA_ARGS__); break;
INLINE void tiles(int m, int n, const float *a, int64_t row, int64_t column, const float *b, int64_t width, int64_t depth,
                  int more, vec acc[MR][VECTORS])
{
    switch (m) {
        EACH(1, n, a, row, column, b, width, depth, more, acc)
        EACH(2, n, a, row, column, b, width, depth, more, acc)
        EACH(3, n, a, row, column, b, width, depth, more, acc)
        EACH(4, n, a, row, column, b, width, depth, more, acc)
        EACH(5, n, a, row, column, b, width, depth, more, acc)
        EACH(6, n, a, row, column, b, width, depth, more, acc)
#if MR > 6
        EACH(7, n, a, row, column, b, width, depth, more, acc)
        EACH(8, n, a, row, column, b, width, depth, more, acc)
        EACH(9, n, a, row, column, b, width, depth, more, acc)
        EACH(10, n, a, row, column, b, width, depth, more, acc)
        EACH(11, n, a, row, column, b, width, depth, more, acc)
        EACH(12, n, a, row, column, b, width, depth, more, acc)
#endif
    }
}

INLINE vec finish(vec x, Epilogue end, const float *there)
{
    switch (end.then) {
    case GELU: return gelu(x);
    case TIMES: return x * load(there);
    case SOFTCAP: return tangent(x / end.cap) * end.cap;
    default: return x;
    }
}

/* out (rows, columns) = x (rows, depth) by packed weights (depth, columns), then what `end` says. */
INLINE void multiply_as(Epilogue end, const float *x, int64_t x_row, int64_t rows, const float *weights, int64_t depth,
                        int64_t columns, float *out, int64_t out_row)
{
    int64_t panels = (columns + PANEL - 1) / PANEL;
    for (int64_t top = 0; top < rows; top += ROWS) {
        int64_t bottom = top + ROWS < rows ? top + ROWS : rows;
        for (int64_t panel = 0; panel < panels; panel++) {
            int64_t first = panel * PANEL, valid = columns - first < PANEL ? columns - first : PANEL;
            for (int64_t i = top; i < bottom; i += MR) {
                int m = bottom - i < MR ? bottom - i : MR;
                const float *next = weights + (panel + 1) * depth * PANEL; /* this tile's share of the panel that comes next */
                int64_t share = depth * PANEL / ((bottom - top + MR - 1) / MR) + 1;
                for (int64_t k = (i - top) / MR * share; panel + 1 < panels && k < ((i - top) / MR + 1) * share; k += 16)
                    __builtin_prefetch(next + k);
                vec sum[MR][VECTORS] = {0};
                for (int64_t k = 0; k < depth; k += DEPTH) {
                    int64_t deep = depth - k < DEPTH ? depth - k : DEPTH;
                    vec part[MR][VECTORS];
                    tiles(m, VECTORS, x + i * x_row + k, x_row, 1, weights + (panel * depth + k) * PANEL, PANEL, deep, 0, part);
                    for (int r = 0; r < m; r++)
                        for (int j = 0; j < VECTORS; j++) sum[r][j] += part[r][j];
                }
                for (int r = 0; r < m; r++) {
                    float *place = out + (i + r) * out_row + first, edge[PANEL] = {0};
                    if (valid < PANEL && end.then == TIMES) memcpy(edge, place, valid * sizeof(float));
                    float *to = valid < PANEL ? edge : place;
                    for (int j = 0; j < VECTORS; j++) store(to + j * LANES, finish(sum[r][j], end, to + j * LANES));
                    if (valid < PANEL) memcpy(place, edge, valid * sizeof(float));
                }
            }
        }
    }
}

static void product(const float *x, int64_t x_row, int64_t rows, const float *weights, int64_t depth, int64_t columns,
                    float *out, int64_t out_row)
{
    multiply_as((Epilogue){PLAIN, 0}, x, x_row, rows, weights, depth, columns, out, out_row);
}

/* out (rows, columns) = gelu(x by gate) * (x by up) */
static void gated(const float *x, int64_t rows, const float *gate, const float *up, int64_t depth, int64_t columns, float *out)
{
    multiply_as((Epilogue){GELU, 0}, x, depth, rows, gate, depth, columns, out, columns);
    multiply_as((Epilogue){TIMES, 0}, x, depth, rows, up, depth, columns, out, columns);
}

EXPORT int64_t lanes(void) { return LANES; }
EXPORT int64_t panel(void) { return PANEL; }

/* weights (columns, depth), whose entries lie `row` and `column` apart -> panels (columns / PANEL, depth, PANEL), filled up
 * with zeros. */
EXPORT void pack(const float *weights, int64_t row, int64_t column, int64_t columns, int64_t depth, float *packed)
{
    for (int64_t first = 0; first < columns; first += PANEL)
        for (int64_t k = 0; k < depth; k++)
            for (int64_t j = first; j < first + PANEL; j++)
                *packed++ = j < columns ? weights[j * row + k * column] : 0.0f;
}

EXPORT void multiply(const float *x, int64_t rows, const float *weights, int64_t depth, int64_t columns, float *out)
{
    product(x, depth, rows, weights, depth, columns, out, columns);
}

/* -- norms: out = x / root mean square of x * weights, and added to what stood there if `add`. A size is a multiple of LANES. */

INLINE void norm_row(const float *x, const float *weights, float eps, int64_t size, float *out, int add)
{
    vec sum = {0};
    for (int64_t i = 0; i < size; i += LANES) sum += load(x + i) * load(x + i);
    vec factor = all(1.0f / __builtin_sqrtf(total(sum) / size + eps));
    for (int64_t i = 0; i < size; i += LANES) {
        vec y = load(x + i) * factor;
        if (weights) y *= load(weights + i);
        store(out + i, add ? load(out + i) + y : y);
    }
}

static void norm(const float *x, const float *weights, float eps, int64_t rows, int64_t size, float *out, int add)
{
    for (int64_t i = 0; i < rows; i++) norm_row(x + i * size, weights, eps, size, out + i * size, add);
}

EXPORT void norms(const float *x, const float *weights, float eps, int64_t rows, int64_t size, float *out)
{
    norm(x, weights, eps, rows, size, out, 0);
}

/* -- attention */

/* Tokens of a pass that attend to each other and to what lies before them in a store. */
typedef struct {
    int64_t row, length; /* their rows in the pass */
    int64_t position;    /* of the first of them; so many keys lie before them */
    int64_t kept;        /* how many of their keys and values are written to the store, from `position` on */
    int64_t first;       /* the first key that any of them sees, `position` at most */
    int64_t causal;      /* whether a token sees none behind it; if so, `window` tokens at most, itself included, or 0 for all */
    int64_t window;
    int64_t head;        /* how far one head's keys (S, D) lie from the next one's */
    float *keys, *values; /* of the store, from position 0 on */
} Segment;

/* The scores of PANEL queries in columns `across` for m keys, which lie `row` apart, and the greatest so far. Of causal
 * ones, the query in column i stands `behind` + i behind the first of these keys, and sees up to `window` tokens. */
INLINE void score(int m, const float *keys, int64_t row, const float *across, int64_t size, int64_t causal, int32_t behind,
                  int32_t window, vec most[VECTORS], float *scores)
{
    vec acc[MR][VECTORS];
    tile(m, VECTORS, keys, row, 1, across, PANEL, size, 0, acc);
    for (int r = 0; r < m; r++)
        for (int j = 0; j < VECTORS; j++) {
            if (causal) {
                ivec columns;
                for (int i = 0; i < LANES; i++) columns[i] = i;
                columns += behind - r + j * LANES;
                acc[r][j] = either((columns < 0) | (columns >= window), all(-__builtin_inff()), acc[r][j]);
            }
            store(scores + r * PANEL + j * LANES, acc[r][j]);
            most[j] = greater(acc[r][j], most[j]);
        }
}

/* Keys and values (count, D) of a head, whose rows lie `row` apart. */
typedef struct {
    const float *keys, *values;
    int64_t row, count;
} Stretch;

/* What n queries at q, `start` rows behind the first of their segment, attend to: into out, whose rows lie `out_row` apart.
 * `before` has what lies before the segment, from position 0 on, `own` its own keys and values; rows of both queries and
 * own keys lie own.row apart. The scores of all that they see are kept in columns (S, PANEL). */
INLINE void attend_panel(const Segment *s, int64_t start, int n, const float *q, Stretch before, Stretch own, int64_t size,
                         float *out, int64_t out_row, float *scratch)
{
    float *across = scratch, *scores = scratch + size * PANEL; /* the queries in columns (D, PANEL) */
    for (int64_t d = 0; d < size; d++)
        for (int i = 0; i < PANEL; i++) across[d * PANEL + i] = i < n ? q[i * own.row + d] : 0.0f;
    int64_t begin = s->first, place = s->position + start; /* of the first key and the first query */
    if (s->causal) {
        own.count = start + n;
        if (s->window && place - s->window + 1 > begin) begin = place - s->window + 1;
    }
    int64_t skipped[2] = {begin < before.count ? begin : before.count, begin > before.count ? begin - before.count : 0};
    Stretch seen[2] = {before, own};
    for (int part = 0; part < 2; part++) {
        seen[part].keys += skipped[part] * seen[part].row;
        seen[part].values += skipped[part] * seen[part].row;
        seen[part].count -= skipped[part];
    }
    int32_t window = s->window ? (int32_t)s->window : INT32_MAX, behind = (int32_t)(place - begin);
    vec most[VECTORS];
    for (int j = 0; j < VECTORS; j++) most[j] = all(-__builtin_inff());
    float *to = scores;
    for (const Stretch *part = seen; part < seen + 2; part++) {
        int64_t k = 0;
        for (; k + MR <= part->count; k += MR, to += MR * PANEL, behind -= MR)
            score(MR, part->keys + k * part->row, part->row, across, size, s->causal, behind, window, most, to);
        for (; k < part->count; k++, to += PANEL, behind--)
            score(1, part->keys + k * part->row, part->row, across, size, s->causal, behind, window, most, to);
    }
    vec sum[VECTORS] = {0};
    for (float *row = scores; row < to; row += PANEL)
        for (int j = 0; j < VECTORS; j++) {
            vec below = load(row + j * LANES) - most[j];
            vec weight = s->causal ? exponential(below) : power(greater(all(-87.33f), below)); /* what is hidden has none */
            sum[j] += weight;
            store(row + j * LANES, weight);
        }
    float sums[PANEL];
    for (int j = 0; j < VECTORS; j++) store(sums + j * LANES, sum[j]);
    for (int i = 0; i < n; i += MR) {
        int m = n - i < MR ? n - i : MR;
        for (int64_t d = 0; d < size;) {
            vec acc[MR][VECTORS] = {0};
            int vectors = size - d < PANEL ? 1 : VECTORS;
            const float *weights = scores + i;
            for (const Stretch *part = seen; part < seen + 2; weights += part->count * PANEL, part++)
                if (vectors == VECTORS)
                    tiles(m, VECTORS, weights, 1, PANEL, part->values + d, part->row, part->count, 1, acc);
                else
                    tiles(m, 1, weights, 1, PANEL, part->values + d, part->row, part->count, 1, acc);
            for (int r = 0; r < m; r++)
                for (int j = 0; j < vectors; j++) store(out + (i + r) * out_row + d + j * LANES, acc[r][j] / sums[i + r]);
            d += vectors * LANES;
        }
    }
}

/* -- layers */

typedef struct {
    int64_t hidden, heads, kv_heads, size, own_values; /* H, heads, kv_heads, D, whether values are not the keys */
    int64_t inner, dense;                              /* columns of gate and up, and how many of them are the dense MLP's */
    float eps, scalar;
    const float *before, *project, *turned, *output, *after_attention, *gate, *up, *dense_out, *expert_out, *after_dense,
        *after_expert, *after_feed;
} Layer;

typedef struct {
    int64_t hidden, inner;
    float eps;
    const float *before, *gate, *up, *down, *after;
} Conditioning;

static int64_t width_of(const Layer *l) { return (l->heads + 2 * l->kv_heads) * l->size; }

static int64_t wider(const Layer *l)
{
    int64_t heads = l->heads * l->size;
    int64_t most = l->hidden > heads ? l->hidden : heads;
    return most > l->inner ? most : l->inner;
}

/* Floats of scratch memory for a pass of so many rows over so many keys. */
EXPORT int64_t scratch(const Layer *l, const Conditioning *c, int64_t rows, int64_t keys)
{
    int64_t layers = rows * (width_of(l) + l->heads * l->size) + 4 * ROWS * wider(l) + PANEL * (l->size + keys);
    int64_t condition = ROWS * (c->hidden + c->inner);
    return layers > condition ? layers : condition;
}

/* queries, keys and values (rows, W) of hidden states (rows, H); cosines and sines (rows, D) */
static void projected(const Layer *l, const float *hidden, int64_t rows, const float *cosines, const float *sines, float *out,
                      float *work)
{
    int64_t width = width_of(l), size = l->size, half = size / 2, turned = l->heads + l->kv_heads;
    int64_t parts = turned + l->own_values * l->kv_heads;
    norm(hidden, l->before, l->eps, rows, l->hidden, work, 0);
    product(work, l->hidden, rows, l->project, l->hidden, parts * size, out, width);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t part = 0; part < parts; part++) {
            float *x = out + row * width + part * size;
            norm_row(x, 0, l->eps, size, x, 0);
            if (part >= turned) continue;
            if (part >= l->heads && !l->own_values) memcpy(x + l->kv_heads * size, x, size * sizeof(float));
            const float *weights = l->turned + part * size, *c = cosines + row * size, *s = sines + row * size;
            for (int64_t i = 0; i < half; i += LANES) {
                vec low = load(x + i) * load(weights + i), high = load(x + half + i) * load(weights + half + i);
                store(x + i, low * load(c + i) - high * load(s + i));
                store(x + half + i, high * load(c + half + i) + low * load(s + half + i));
            }
        }
}

static void feed(const Layer *l, const float *hidden, int64_t rows, float *out, float *work)
{
    float *normed = work, *inner = work + ROWS * wider(l);
    norm(hidden, 0, l->eps, rows, l->hidden, normed, 0);
    gated(normed, rows, l->gate, l->up, l->hidden, l->inner, inner);
    product(inner, l->inner, rows, l->dense_out, l->dense, l->hidden, normed, l->hidden);
    norm(normed, l->after_dense, l->eps, rows, l->hidden, out, 0);
    product(inner + l->dense, l->inner, rows, l->expert_out, l->inner - l->dense, l->hidden, normed, l->hidden);
    norm(normed, l->after_expert, l->eps, rows, l->hidden, out, 1);
}

/* One layer of a pass: hidden (rows, H) becomes its output, that of the first `wanted` rows; of the others only keys and
 * values are. cosines and sines (rows, D); scalars (rows), or 0 where it is the layer's own for all rows. A segment that
 * reads what another one writes stands behind it. */
static void layer(const Layer *l, float *hidden, int64_t rows, int64_t wanted, const float *cosines, const float *sines,
                  const float *scalars, const Segment *segments, int64_t count, float *memory)
{
    int64_t width = width_of(l), size = l->size, heads = l->heads * size, group = l->heads / l->kv_heads;
    float *all_parts = memory, *mixed = all_parts + rows * width, *work = mixed + rows * heads;
    float *scores = work + 4 * ROWS * wider(l);
    for (int64_t top = 0; top < rows; top += ROWS) {
        int64_t some = rows - top < ROWS ? rows - top : ROWS;
        projected(l, hidden + top * l->hidden, some, cosines + top * size, sines + top * size, all_parts + top * width, work);
    }
    for (const Segment *s = segments; s < segments + count; s++) {
        const float *own = all_parts + s->row * width, *keys = own + heads, *values = keys + l->kv_heads * size;
        for (int64_t head = 0; head < l->kv_heads; head++)
            for (int64_t i = 0; i < s->kept; i++) {
                int64_t place = head * s->head + (s->position + i) * size, from = i * width + head * size;
                memcpy(s->keys + place, keys + from, size * sizeof(float));
                memcpy(s->values + place, values + from, size * sizeof(float));
            }
        for (int64_t head = 0; head < l->heads && s->row < wanted; head++) {
            int64_t of = head / group;
            Stretch before = {s->keys + of * s->head, s->values + of * s->head, size, s->position};
            Stretch itself = {keys + of * size, values + of * size, width, s->length};
            for (int64_t start = 0; start < s->length; start += PANEL) {
                int n = s->length - start < PANEL ? s->length - start : PANEL;
                attend_panel(s, start, n, own + start * width + head * size, before, itself, size,
                             mixed + (s->row + start) * heads + head * size, heads, scores);
            }
        }
    }
    for (int64_t top = 0; top < wanted; top += ROWS) {
        int64_t some = wanted - top < ROWS ? wanted - top : ROWS;
        float *states = hidden + top * l->hidden, *out = work + 3 * ROWS * wider(l);
        product(mixed + top * heads, heads, some, l->output, heads, l->hidden, out, l->hidden);
        norm(out, l->after_attention, l->eps, some, l->hidden, states, 1);
        feed(l, states, some, out, work);
        norm(out, l->after_feed, l->eps, some, l->hidden, states, 1);
        for (int64_t row = 0; row < some; row++) {
            float scalar = scalars ? scalars[top + row] : l->scalar;
            float *x = states + row * l->hidden;
            for (int64_t i = 0; i < l->hidden; i += LANES) store(x + i, load(x + i) * scalar);
        }
    }
}

/* Several layers one after the other: for each of them its cosines, sines, scalars and `count` segments. Behind the last one
 * of a network only the first `wanted` rows are; if it is not among these layers, all are. */
EXPORT void layers(const Layer *const *of, int64_t number, float *hidden, int64_t rows, int64_t wanted,
                   const float *const *cosines, const float *const *sines, const float *const *scalars,
                   const Segment *segments, int64_t count, float *memory)
{
    for (int64_t i = 0; i < number; i++)
        layer(of[i], hidden, rows, i + 1 < number ? rows : wanted, cosines[i], sines[i], scalars[i], segments + i * count, count,
              memory);
}

/* -- self-conditioning: out (rows, H) = norm(embedded + down(gelu(gate(x)) * up(x))) of x = norm(soft) */

EXPORT void condition(const Conditioning *c, const float *embedded, const float *soft, int64_t rows, float *out, float *memory)
{
    float *normed = memory, *inner = memory + ROWS * c->hidden;
    for (int64_t top = 0; top < rows; top += ROWS) {
        int64_t some = rows - top < ROWS ? rows - top : ROWS;
        norm(soft + top * c->hidden, c->before, c->eps, some, c->hidden, normed, 0);
        gated(normed, some, c->gate, c->up, c->hidden, c->inner, inner);
        product(inner, c->inner, some, c->down, c->inner, c->hidden, normed, c->hidden);
        for (int64_t i = 0; i < some * c->hidden; i += LANES)
            store(normed + i, load(embedded + top * c->hidden + i) + load(normed + i));
        norm(normed, c->after, c->eps, some, c->hidden, out + top * c->hidden, 0);
    }
}

/* -- the vocabulary: of V tokens, a multiple of LANES */

/* Soft-capped logits x (rows, V) of hidden states (rows, H) by the packed head, and what a sampler asks of them: the most
 * probable token, the first of equals, and its logit top; z = (x - top) / heat, weights exp(z) (rows, V), their sum `mass`
 * and the sum of exp(z) z, `mean`. Heats, best, top, mass and mean: (rows). */
EXPORT void look(const float *hidden, int64_t rows, const float *head, int64_t depth, int64_t size, float cap,
                 const float *heats, float *x, int64_t *best, float *top, float *weights, float *mass, float *mean)
{
    enum { TOGETHER = ROWS / 2 }; /* rows whose logits a cache holds until they are looked at */
    for (int64_t first = 0; first < rows; first += TOGETHER) {
        int64_t end = first + TOGETHER < rows ? first + TOGETHER : rows;
        Epilogue capped = {SOFTCAP, cap};
        multiply_as(capped, hidden + first * depth, depth, end - first, head, depth, size, x + first * size, size);
        for (int64_t row = first; row < end; row++) {
            const float *from = x + row * size;
            vec most[4]; /* several, so that none waits for the one before */
            for (int j = 0; j < 4; j++) most[j] = all(-__builtin_inff());
            for (int64_t i = 0; i < size; i += LANES) most[i / LANES % 4] = greater(load(from + i), most[i / LANES % 4]);
            float each[LANES], greatest = -__builtin_inff();
            store(each, greater(greater(most[0], most[1]), greater(most[2], most[3])));
            for (int i = 0; i < LANES; i++) greatest = each[i] > greatest ? each[i] : greatest;
            int64_t place = 0;
            while (place < size - 1 && from[place] != greatest) place++;
            vec sum = {0}, moment = {0}, heat = all(heats[row]);
            for (int64_t i = 0; i < size; i += LANES) {
                vec z = (load(from + i) - greatest) / heat, weight = exponential(z);
                sum += weight;
                moment += weight * z;
                store(weights + row * size + i, weight);
            }
            best[row] = place, top[row] = greatest, mass[row] = total(sum), mean[row] = total(moment);
        }
    }
}

/* One token for each row, with probabilities proportional to weights (rows, V), at uniform numbers (rows) in [0, 1): the
 * cumulated weights are inverted, first those of blocks of BLOCK tokens, then those within one. As `sampler.draw`. */
EXPORT void draw(const float *weights, int64_t rows, int64_t size, const float *uniforms, int64_t *tokens)
{
    enum { BLOCK = 64 };
    for (int64_t row = 0; row < rows; row++) {
        const float *from = weights + row * size;
        double whole = 0.0, before = 0.0, own = 0.0;
        float sums[(size + BLOCK - 1) / BLOCK];
        int64_t blocks = 0, block = 0, heaviest = 0, token = 0;
        for (int64_t first = 0; first < size; first += BLOCK) {
            vec sum = {0};
            for (int64_t i = first; i < size && i < first + BLOCK; i += LANES) sum += load(from + i);
            whole += sums[blocks] = total(sum);
            if (sums[blocks] > sums[heaviest]) heaviest = blocks;
            blocks++;
        }
        double target = uniforms[row] * whole;
        while (block < blocks && before + sums[block] <= target) before += sums[block++];
        if (block == blocks) { /* rounding can lift a target to the very total */
            block = heaviest;
            target = before = 0.0;
        }
        const float *inside = from + block * BLOCK;
        int64_t count = size - block * BLOCK < BLOCK ? size - block * BLOCK : BLOCK;
        for (heaviest = 0; token < count; token++) {
            own += inside[token];
            if (inside[token] > inside[heaviest]) heaviest = token;
            if (before + own > target) break;
        }
        tokens[row] = block * BLOCK + (token < count ? token : heaviest);
    }
}

/* -- paths: see tables.py for how an automaton's sets of tokens are told */

/* The best logit of each column, (N, K + G + 1), from logits (N, V): of the K single tokens, of G sets, and of the last single
 * token. tokens are those of all sets, class by class: class c has tokens[begins[c]] to tokens[begins[c + 1]]; set g consists
 * of the classes held[parts[g]] to held[parts[g + 1]]. values (C) is scratch memory. What is not a number is never the best. */
EXPORT void see(const float *logits, int64_t positions, int64_t size, const int64_t *singles, int64_t single,
                const int64_t *tokens, const int64_t *begins, int64_t classes, const int64_t *held, const int64_t *parts,
                int64_t sets, float *values, float *columns)
{
    for (int64_t position = 0; position < positions; position++, logits += size) {
        for (int64_t c = 0; c < classes; c++) {
            float best[4];
            for (int j = 0; j < 4; j++) best[j] = -__builtin_inff(); /* several, so that none waits for the one before */
            for (int64_t i = begins[c]; i < begins[c + 1]; i++) {
                float x = logits[tokens[i]];
                best[i % 4] = x > best[i % 4] ? x : best[i % 4];
            }
            for (int j = 1; j < 4; j++) best[0] = best[j] > best[0] ? best[j] : best[0];
            values[c] = best[0];
        }
        for (int64_t k = 0; k < single - 1; k++) *columns++ = logits[singles[k]];
        for (int64_t g = 0; g < sets; g++) {
            float best = -__builtin_inff();
            for (int64_t i = parts[g]; i < parts[g + 1]; i++) best = values[held[i]] > best ? values[held[i]] : best;
            *columns++ = best;
        }
        *columns++ = logits[singles[single - 1]];
    }
}

/* The shares that columns have of the marginals, (N, W), from logits (N, V): columns as above. masses (V, filled up to whole
 * vectors) and values (C) are scratch memory. */
EXPORT void share(const float *logits, int64_t positions, int64_t size, const int64_t *wanted, int64_t width,
                  const int64_t *singles, int64_t single, const int64_t *tokens, const int64_t *begins, int64_t classes,
                  const int64_t *held, const int64_t *parts, int64_t sets, float *masses, float *values, double *shares)
{
    for (int64_t position = 0; position < positions; position++, logits += size) {
        int64_t whole = size - size % LANES;
        vec most = all(-__builtin_inff()), sum = {0}, last = most;
        for (int64_t i = 0; i < whole; i += LANES) most = greater(load(logits + i), most);
        for (int64_t i = whole; i < size; i++) last[i - whole] = logits[i];
        most = greater(last, most);
        float greatest = most[0];
        for (int i = 1; i < LANES; i++) greatest = most[i] > greatest ? most[i] : greatest;
        for (int64_t i = 0; i < size; i += LANES) {
            vec mass = exponential((i < whole ? load(logits + i) : last) - greatest);
            sum += mass;
            store(masses + i, mass);
        }
        for (int64_t c = 0; c < classes; c++) {
            float some[4] = {0}; /* several, so that none waits for the one before */
            for (int64_t i = begins[c]; i < begins[c + 1]; i++) some[i % 4] += masses[tokens[i]];
            values[c] = (some[0] + some[1]) + (some[2] + some[3]);
        }
        for (int64_t w = 0; w < width; w++) {
            int64_t g = wanted[w] - (single - 1);
            double mass = 0;
            if (g < 0 || g >= sets) mass = masses[singles[g < 0 ? wanted[w] : single - 1]];
            else for (int64_t i = parts[g]; i < parts[g + 1]; i++) mass += values[held[i]];
            *shares++ = mass / total(sum);
        }
    }
}

/* The least cost from each of S states to those that have 0 in found (S), where all others have more than that. Edges cost 0
 * or 1; those into state s are first[s] to first[s + 1] and come from source[e]. now and next (E + S) are scratch memory. */
EXPORT void reach(const int64_t *source, const int64_t *first, const int64_t *cost, int64_t states, int64_t *found,
                  int64_t *now, int64_t *next)
{
    int64_t count = 0;
    for (int64_t state = 0; state < states; state++)
        if (!found[state]) now[count++] = state;
    for (int64_t far = 0; count; far++) {
        int64_t later = 0;
        while (count) {
            int64_t state = now[--count];
            if (found[state] != far) continue; /* it was reached sooner */
            for (int64_t edge = first[state]; edge < first[state + 1]; edge++) {
                if (far + cost[edge] >= found[source[edge]]) continue;
                found[source[edge]] = far + cost[edge];
                if (cost[edge]) next[later++] = source[edge];
                else now[count++] = source[edge];
            }
        }
        int64_t *done = now;
        now = next, next = done, count = later;
    }
}

/* The best paths of an automaton over N positions, from the best logits of its edges' sets, columns (N, width). Edge e leads
 * from source[e] by column[e] at cost[e]; those into state s are first[s] to first[s + 1]. scores (2, S) hold, in row N % 2,
 * what the states are worth where it begins, and then, in row 0, behind the last position; taken (N, S) is the edge by which
 * the best path comes to each state behind each position, the first of equals. What is not a number is no way. */
EXPORT void follow(const float *columns, const int64_t *column, const float *cost, const int64_t *source, const int64_t *first,
                   int64_t positions, int64_t width, int64_t states, float *scores, int32_t *taken)
{
    for (int64_t left = positions; left > 0; left--, columns += width, taken += states) {
        const float *before = scores + left % 2 * states;
        float *behind = scores + (left + 1) % 2 * states;
        for (int64_t state = 0; state < states; state++) {
            float best = -__builtin_inff();
            int64_t by = first[state];
            for (int64_t edge = by; edge < first[state + 1]; edge++) {
                float reached = columns[column[edge]] - cost[edge] + before[source[edge]];
                if (reached > best) best = reached, by = edge;
            }
            behind[state] = best, taken[state] = by;
        }
    }
}
