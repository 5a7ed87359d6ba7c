/* The script of a scene: what it says, and what is true of it at a moment. See fake_nvml.c. */
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST 512
#define RING 10.0
enum { OK = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT = 7 };

typedef struct { char uuid[80], name[80]; int arch, accounting, mig; double tick; } Device;
typedef struct { int dev; double from, to, value; } Step;
typedef struct {
  int dev, part; double from, to, sm, died; unsigned long long bytes;
  char kind, state, file[256]; unsigned pid; double looked;
} Process;
typedef struct { char function[64]; int dev, code, abort; double from, to, hang; } Fault;
typedef struct { int dev, part; } Handle;
typedef struct { int dev, slices; } Part;

static Device devices[64];
static Step powers[MOST], resets[MOST], freezes[MOST], junks[MOST];
static Process processes[MOST];
static Fault faults[MOST];
static Part parts[MOST];
static Handle handles[64], part_handles[MOST];
static int n_devices, n_powers, n_resets, n_freezes, n_junks, n_processes, n_faults, n_parts;
static double origin;
static char log_path[512];
static int is_loaded;

static double clock_of(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
static double now(void) { return clock_of(CLOCK_MONOTONIC) - origin; }
static unsigned long long micros(double t) {
  double offset = clock_of(CLOCK_REALTIME) - clock_of(CLOCK_MONOTONIC);
  return (unsigned long long)((t + origin + offset) * 1e6);
}
static double seconds(unsigned long long us) {
  double offset = clock_of(CLOCK_REALTIME) - clock_of(CLOCK_MONOTONIC);
  return us / 1e6 - offset - origin;
}

static int number_of(const char *word) { return word[0] == '*' ? -1 : atoi(word); }

static void parse(char *line) {
  char a[256], b[256], c[256];
  double x, y, z;
  int i, n = 0;
  if (sscanf(line, "origin %lf", &origin) == 1) return;
  if (sscanf(line, "log %511s", log_path) == 1) return;
  Device *d = &devices[n_devices];
  if (sscanf(line, "device %79s %d %lf %d %d %n", d->uuid, &d->arch, &d->tick, &d->accounting,
             &d->mig, &n) == 5) {
    snprintf(d->name, sizeof d->name, "%.*s", (int)strcspn(line + n, "\n"), line + n);
    handles[n_devices].dev = n_devices;
    handles[n_devices++].part = 0;
  } else if (sscanf(line, "power %d %lf %lf", &i, &x, &y) == 3) {
    powers[n_powers++] = (Step){i, x, 0, y};
  } else if (sscanf(line, "reset %d %lf", &i, &x) == 2) {
    resets[n_resets++] = (Step){i, x, 0, 0};
  } else if (sscanf(line, "freeze %d %lf %lf", &i, &x, &y) == 3) {
    freezes[n_freezes++] = (Step){i, x, y, 0};
  } else if (sscanf(line, "junk %d %lf %lf", &i, &x, &y) == 3) {
    junks[n_junks++] = (Step){i, x, y, 0};
  } else if (sscanf(line, "part %d %lf", &i, &x) == 2) {
    parts[n_parts] = (Part){i, (int)x};
    part_handles[n_parts].dev = i;
    part_handles[n_parts].part = n_parts + 1;
    n_parts++;
  } else if (sscanf(line, "fault %63s %255s %lf %lf %255s", a, b, &x, &y, c) == 5) {
    Fault *f = &faults[n_faults++];
    snprintf(f->function, sizeof f->function, "%s", a);
    *f = (Fault){.dev = number_of(b), .code = atoi(c), .from = x, .to = y};
    snprintf(f->function, sizeof f->function, "%s", a);
    f->abort = !strcmp(c, "abort");
    if (!strncmp(c, "hang:", 5)) f->hang = atof(c + 5);
  } else {
    Process *p = &processes[n_processes];
    char kind, file[256];
    if (sscanf(line, "process %d %lf %lf %255s %lf %lf %c %d", &p->dev, &p->from, &p->to, file, &z,
               &p->sm, &kind, &p->part) == 8) {
      p->bytes = (unsigned long long)z;
      p->kind = kind;
      p->died = 1e30;
      p->looked = -1e30;
      if (file[0] == '@') snprintf(p->file, sizeof p->file, "%.254s", file + 1);
      else p->pid = (unsigned)strtoul(file, NULL, 10);
      n_processes++;
    }
  }
}

static void load(void) {
  if (is_loaded) return;
  is_loaded = 1;
  const char *path = getenv("FAKE_NVML_SCRIPT");
  FILE *file = path ? fopen(path, "r") : NULL;
  char line[1024];
  while (file && fgets(line, sizeof line, file)) parse(line);
  if (file) fclose(file);
}

/* Writes the log, and does what a fault asks for. */
static int called(const char *function, int dev) {
  load();
  double t = now();
  if (log_path[0]) {
    FILE *file = fopen(log_path, "a");
    if (file) { fprintf(file, "%.6f %s %d\n", t, function, dev); fclose(file); }
  }
  for (int i = 0; i < n_faults; i++) {
    Fault *f = &faults[i];
    if (strcmp(f->function, "*") && strcmp(f->function, function)) continue;
    if ((f->dev >= 0 && dev >= 0 && f->dev != dev) || t < f->from || t >= f->to) continue;
    if (f->abort) abort();
    if (f->hang > 0) { usleep((useconds_t)(f->hang * 1e6)); continue; }
    return f->code;
  }
  return OK;
}
#define CALL(name, dev) do { int code_ = called(name, dev); if (code_) return code_; } while (0)

static double watts_at(int dev, double t) {
  double watts = 0;
  for (int i = 0; i < n_powers; i++)
    if (powers[i].dev == dev && powers[i].from <= t) watts = powers[i].value;
  return watts;
}
/* Steps are in their order. */
static double joules_between(int dev, double from, double to) {
  double joules = 0;
  for (int i = 0; i < n_powers; i++) {
    if (powers[i].dev != dev) continue;
    double end = 1e30;
    for (int j = i + 1; j < n_powers; j++)
      if (powers[j].dev == dev) { end = powers[j].from; break; }
    double a = fmax(from, powers[i].from), b = fmin(to, end);
    if (b > a) joules += (b - a) * powers[i].value;
  }
  return joules;
}

static unsigned pid_of(Process *p, double t) {
  if (!p->file[0]) return t >= p->from && t < p->to ? p->pid : 0;
  if (!p->pid) {
    FILE *file = fopen(p->file, "r");
    if (!file) return 0;
    double life = -1;
    if (fscanf(file, "%u %lf", &p->pid, &life) < 1) p->pid = 0;
    if (p->pid && life > 0) {  // it says how long it lives, from when the file was written
      struct stat facts;
      struct timespec clock;
      fstat(fileno(file), &facts);
      clock_gettime(CLOCK_REALTIME, &clock);
      p->from = t - (clock.tv_sec - facts.st_mtim.tv_sec) -
                (clock.tv_nsec - facts.st_mtim.tv_nsec) * 1e-9;
      p->to = p->from + life;
    }
    fclose(file);
  }
  if (!p->pid) return 0;
  if (t - p->looked < 0.01) return p->state == 'X' || t < p->from || t >= p->to ? 0 : p->pid;
  p->looked = t;
  char path[64], state = 'X';
  snprintf(path, sizeof path, "/proc/%u/stat", p->pid);
  FILE *file = fopen(path, "r");
  if (file) { if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 'X'; fclose(file); }
  if (state == 'Z') state = 'X';
  p->state = state;
  if (state == 'X') { if (p->died > t) p->died = t; return 0; }
  return t >= p->from && t < p->to ? p->pid : 0;
}
