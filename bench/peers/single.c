// Scores one row after the other through the C interfaces of the peers, so that no call of Python is measured.
//
//	cc -O2 -shared -fPIC -o single.so single.c
//
// single gives nanoseconds a row after at least `seconds`, going round `rows` rows of `width` doubles; with out it scores
// each row once instead and writes what came. A negative number is a failure of the library. It belongs to one thread.
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { LIGHTGBM, LLEAVES, TL2CGEN, XGBOOST };

typedef int (*lightgbm)(void *, const void *, int64_t *, double *);
typedef void (*lleaves)(const double *, double *, int, int);
union entry { int missing; double value; };
typedef void (*tl2cgen)(union entry *, int, double *);
typedef int (*xgboost)(void *, const char *, const char *, void *, const uint64_t **, uint64_t *, const float **);

static int one(int kind, void *f, void *handle, const double *x, const float *x32, int width, double *out) {
	switch (kind) {
	case LIGHTGBM: { // SingleRowFast
		int64_t n;
		return ((lightgbm)f)(handle, x, &n, out);
	}
	case LLEAVES:
		*out = 0;
		((lleaves)f)(x, out, 0, 1);
		return 0;
	case TL2CGEN: {
		union entry e[width];
		for (int i = 0; i < width; i++) {
			if (x[i] != x[i]) e[i].missing = -1;
			else e[i].value = x[i];
		}
		*out = 0;
		((tl2cgen)f)(e, 1, out);
		return 0;
	}
	case XGBOOST: {
		char array[200];
		snprintf(array, sizeof array, "{\"data\":[%zu,true],\"shape\":[1,%d],\"typestr\":\"<f4\",\"version\":3}", (size_t)x32, width);
		static const char *config = "{\"type\":1,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,\"strict_shape\":false,\"cache_id\":0,\"missing\":NaN}";
		const uint64_t *shape;
		uint64_t dim;
		const float *result;
		int failed = ((xgboost)f)(handle, array, config, 0, &shape, &dim, &result);
		if (!failed) *out = result[0];
		return failed;
	}
	}
	return 1;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

double single(int kind, void *f, void *handle, const double *x, const float *x32, long rows, int width, double seconds, double *out) {
	if (out) {
		for (long i = 0; i < rows; i++)
			if (one(kind, f, handle, x + i * width, x32 + i * width, width, out + i)) return -1;
		return 0;
	}
	static long at; // goes on where the last pass ended
	double begin = now(), took, score;
	long calls = 0;
	do {
		for (int i = 0; i < 16; i++, calls++) {
			at = (at + 1) % rows;
			if (one(kind, f, handle, x + at * width, x32 + at * width, width, &score)) return -1;
		}
		took = now() - begin;
	} while (took < seconds);
	return took / calls * 1e9;
}
