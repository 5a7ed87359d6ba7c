/* A library libnvidia-ml.so.1 for tests: every answer is a function of a script and the clock.
 *
 * The script is the file in FAKE_NVML_SCRIPT, a directive a line; times are seconds since its
 * origin, which is on the monotonic clock:
 *
 *   origin SECONDS
 *   log PATH                          append "time function device" for each call
 *   device UUID ARCH TICK ACCOUNTING MIG NAME...
 *   power DEV FROM WATTS              from then on
 *   process DEV FROM TO PID BYTES SM KIND PART
 *                                     PID is a number, or @FILE that holds one: then it is there
 *                                     while that process lives. KIND is C, G or M; PART of a MIG
 *   part DEV SLICES                   the next part of a divided GPU
 *   fault FUNCTION DEV FROM TO CODE   DEV or CODE may be *; CODE may be hang:SECONDS or abort
 *   reset DEV AT                      the energy counter begins anew
 *   freeze DEV FROM TO                it stands still
 *   junk DEV FROM TO                  rows of nonsense among the samples
 *
 * Energy is the exact integral of power, as it was at the last tick. A sample's row is the mean
 * of a process's SM use since the moment that is asked about; one who has died is in it for 10 s.
 */
#include "script.h"

int nvmlInitWithFlags(unsigned flags) { (void)flags; CALL("Init", -1); return OK; }
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) { (void)code; return "a fault of the script"; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) {
  CALL("SystemGetDriverVersion", -1);
  snprintf(text, size, "555.42");
  return OK;
}
int nvmlDeviceGetCount_v2(unsigned *count) { CALL("DeviceGetCount", -1); *count = n_devices; return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle **handle) {
  CALL("DeviceGetHandleByIndex", (int)index);
  *handle = &handles[index];
  return OK;
}
int nvmlDeviceGetUUID(Handle *h, char *text, unsigned size) {
  CALL("DeviceGetUUID", h->dev);
  snprintf(text, size, "%s", devices[h->dev].uuid);
  return OK;
}
int nvmlDeviceGetName(Handle *h, char *text, unsigned size) {
  CALL("DeviceGetName", h->dev);
  snprintf(text, size, "%s", devices[h->dev].name);
  return OK;
}
int nvmlDeviceGetArchitecture(Handle *h, unsigned *arch) {
  CALL("DeviceGetArchitecture", h->dev);
  *arch = devices[h->dev].arch;
  return OK;
}
int nvmlDeviceGetTotalEnergyConsumption(Handle *h, unsigned long long *mj) {
  CALL("DeviceGetTotalEnergyConsumption", h->dev);
  int dev = h->dev;
  double t = now(), from = -100, tick = devices[dev].tick;
  if (tick > 0) t = floor(t / tick) * tick;
  for (int i = 0; i < n_resets; i++)
    if (resets[i].dev == dev && resets[i].from <= t) from = resets[i].from;
  for (int i = 0; i < n_freezes; i++)
    if (freezes[i].dev == dev && freezes[i].from <= t && t < freezes[i].to) t = freezes[i].from;
  *mj = (unsigned long long)(joules_between(dev, from, t) * 1000);
  return OK;
}
int nvmlDeviceGetPowerUsage(Handle *h, unsigned *mw) {
  CALL("DeviceGetPowerUsage", h->dev);
  *mw = (unsigned)(watts_at(h->dev, now()) * 1000);
  return OK;
}
typedef struct {
  unsigned field, scope; long long time, latency; unsigned type, ret;
  union { double d; unsigned ui; unsigned long long ull; } value;
} Field;
int nvmlDeviceGetFieldValues(Handle *h, int count, Field *fields) {
  CALL("DeviceGetFieldValues", h->dev);
  for (int i = 0; i < count; i++) {
    Field *f = &fields[i];
    char name[64];
    snprintf(name, sizeof name, "Field%u:%u", f->field, f->scope);
    f->ret = called(name, h->dev);
    f->time = (long long)micros(now());
    f->type = 1;
    f->value.ull = 0;
    if (f->field == 186) f->value.ui = (unsigned)(watts_at(h->dev, now()) * 1000);
    else if (!f->ret) f->ret = NOT_SUPPORTED;
  }
  return OK;
}
typedef struct { unsigned long long time; union { double d; unsigned ui; unsigned long long ull; } value; } Sample;
int nvmlDeviceGetSamples(Handle *h, int kind, unsigned long long last, int *type, unsigned *count, Sample *rows) {
  CALL("DeviceGetSamples", h->dev);
  (void)kind;
  *type = 1;
  double t = now(), from = fmax(seconds(last), t - RING);
  unsigned n = 0, room = *count;
  for (double at = ceil(from * 50) / 50; at <= t; at += 0.02) {
    if (at <= from) continue;
    if (rows) {
      if (n >= room) break;
      rows[n] = (Sample){.time = micros(at)};
      rows[n].value.ui = (unsigned)(watts_at(h->dev, at) * 1000);
    }
    n++;
  }
  *count = n;
  return n ? OK : NOT_FOUND;
}

typedef struct { unsigned pid; unsigned long long bytes; unsigned gi, ci; } Row;
static int list(const char *name, Handle *h, char kind, unsigned *count, Row *rows) {
  CALL(name, h->dev);
  unsigned n = 0;
  for (int i = 0; i < n_processes; i++) {
    Process *p = &processes[i];
    if (p->dev != h->dev || p->kind != kind || (h->part && p->part != h->part)) continue;
    unsigned pid = pid_of(p, now());
    if (!pid) continue;
    if (rows && n < *count)
      rows[n] = (Row){pid, p->bytes ? p->bytes : ~0ULL, 0xFFFFFFFF, 0xFFFFFFFF};
    n++;
  }
  int fits = rows ? n <= *count : n == 0;
  *count = n;
  return fits ? OK : INSUFFICIENT;
}
#define LISTS(kind, letter) \
  int nvmlDeviceGet##kind##RunningProcesses_v3(Handle *h, unsigned *c, Row *r) { \
    return list("DeviceGet" #kind "RunningProcesses_v3", h, letter, c, r); } \
  int nvmlDeviceGet##kind##RunningProcesses_v2(Handle *h, unsigned *c, Row *r) { \
    return list("DeviceGet" #kind "RunningProcesses_v2", h, letter, c, r); }
LISTS(Compute, 'C')
LISTS(Graphics, 'G')
LISTS(MPSCompute, 'M')

typedef struct { unsigned pid; unsigned long long time; unsigned sm, mem, enc, dec; } Util;
int nvmlDeviceGetProcessUtilization(Handle *h, Util *rows, unsigned *count, unsigned long long last) {
  CALL("DeviceGetProcessUtilization", h->dev);
  if (devices[h->dev].mig) return NOT_SUPPORTED;
  if (!rows) { *count = 100; return INSUFFICIENT; }
  double t = now(), from = fmax(seconds(last), t - RING);
  unsigned n = 0;
  for (int i = 0; i < n_processes && n < *count; i++) {
    Process *p = &processes[i];
    pid_of(p, t);
    if (p->dev != h->dev || !p->pid || p->sm <= 0) continue;
    double a = fmax(from, p->from), b = fmin(fmin(t, p->to), p->died);
    if (b - a < 0.01 || t - from < 0.02) continue;
    unsigned sm = (unsigned)lround(p->sm * (b - a) / (t - from));
    if (sm) rows[n++] = (Util){p->pid, micros(t - 0.002 * i), sm, 1, 0, 0};
  }
  for (int i = 0; i < n_junks; i++)
    if (junks[i].dev == h->dev && junks[i].from <= t && t < junks[i].to && n + 2 < *count) {
      rows[n++] = (Util){173015040, micros(t), 99, 0, 0, 0};
      rows[n++] = (Util){4321, micros(t), 2147483632, 0, 0, 0};
      rows[n++] = (Util){4322, micros(from - 1), 50, 0, 0, 0};
    }
  *count = n;
  return n ? OK : NOT_FOUND;
}

int nvmlDeviceGetAccountingMode(Handle *h, unsigned *mode) {
  CALL("DeviceGetAccountingMode", h->dev);
  *mode = devices[h->dev].accounting;
  return OK;
}
typedef struct {
  unsigned pid, running, gpu, mem; unsigned long long max; unsigned samples;
  unsigned long long sum_gpu, sum_fb, time, start;
} Accounted;
int nvmlDeviceGetAccountingStats_v2(Handle *h, Accounted *stats) {
  CALL("DeviceGetAccountingStats_v2", h->dev);
  double t = now();
  for (int i = 0; i < n_processes; i++) {
    Process *p = &processes[i];
    unsigned running = pid_of(p, t);
    if (p->dev != h->dev || p->pid != stats->pid || !p->pid) continue;
    double used = fmax(0, fmin(fmin(t, p->to), p->died) - p->from);
    stats->running = running != 0;
    stats->gpu = (unsigned)p->sm;
    stats->samples = (unsigned)(used * 7);
    stats->sum_gpu = (unsigned long long)(stats->samples * p->sm * 100);
    stats->time = (unsigned long long)(used * 1000);
    return OK;
  }
  return NOT_FOUND;
}

int nvmlDeviceGetMigMode(Handle *h, unsigned *current, unsigned *pending) {
  CALL("DeviceGetMigMode", h->dev);
  *current = *pending = devices[h->dev].mig;
  return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(Handle *h, unsigned *count) {
  CALL("DeviceGetMaxMigDeviceCount", h->dev);
  *count = 7;
  return OK;
}
int nvmlDeviceGetMigDeviceHandleByIndex(Handle *h, unsigned index, Handle **part) {
  CALL("DeviceGetMigDeviceHandleByIndex", h->dev);
  for (int i = 0; i < n_parts; i++)
    if (parts[i].dev == h->dev && index-- == 0) { *part = &part_handles[i]; return OK; }
  return NOT_FOUND;
}
typedef struct { unsigned sm, copy, dec, enc, jpeg, ofa, gi, ci; unsigned long long mb; } Attributes;
int nvmlDeviceGetAttributes_v2(Handle *h, Attributes *a) {
  CALL("DeviceGetAttributes_v2", h->dev);
  memset(a, 0, sizeof *a);
  a->gi = parts[h->part - 1].slices;
  return OK;
}
