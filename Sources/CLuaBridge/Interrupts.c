// Interruption: one flag, and a hook armed on the coroutine that runs when the flag is raised. Nothing is armed before,
// so it costs nothing while idle. The hook stays armed while the flag is up: a pcall cannot swallow the interrupt.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "Bridge.h"

struct loam_interrupt {
  atomic_int raised;
  atomic_int guard;   // held while `running` is replaced or its hook is set, so that it cannot be freed meanwhile
  lua_State *running;
};

loam_interrupt *loam_interrupt_new(void) {
  loam_interrupt *interrupt = calloc(1, sizeof *interrupt);
  if (interrupt == NULL) abort();
  return interrupt;
}

int loam_interrupt_is_raised(const loam_interrupt *interrupt) {
  return atomic_load_explicit(&((loam_interrupt *)interrupt)->raised, memory_order_relaxed) != 0;
}

_Static_assert(sizeof(atomic_int) == sizeof(int), "an atomic int is an int");
const int *loam_interrupt_flag(const loam_interrupt *interrupt) { return (const int *)&interrupt->raised; }

void loam_interrupt_clear(loam_interrupt *interrupt) { atomic_store(&interrupt->raised, 0); }

static void stop(lua_State *L, lua_Debug *frame) {
  (void)frame;
  loam_interrupt *interrupt = bridge_of(L)->interrupt;
  if (!loam_interrupt_is_raised(interrupt)) { // left over on a coroutine, or inherited from one
    lua_sethook(L, NULL, 0, 0);
    return;
  }
  luaL_where(L, 0);
  lua_pushliteral(L, "interrupted");
  lua_concat(L, 2);
  lua_error(L);
}

static void arm(lua_State *L) { lua_sethook(L, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1); }

int loam_interrupt_raise(loam_interrupt *interrupt) {
  int count = atomic_fetch_add(&interrupt->raised, 1) + 1;
  // A guard that is held means that `running` is just changing: loam_interrupt_enter looks at the flag afterwards.
  if (atomic_exchange(&interrupt->guard, 1) == 0) {
    if (interrupt->running != NULL) arm(interrupt->running);
    atomic_store(&interrupt->guard, 0);
  }
  return count;
}

lua_State *loam_interrupt_enter(loam_interrupt *interrupt, lua_State *L) {
  while (atomic_exchange(&interrupt->guard, 1) != 0) sched_yield();
  lua_State *previous = interrupt->running;
  interrupt->running = L;
  atomic_store(&interrupt->guard, 0);
  if (L != NULL && atomic_load(&interrupt->raised) != 0) arm(L);
  return previous;
}

void check_interrupt(lua_State *L) {
  if (loam_interrupt_is_raised(bridge_of(L)->interrupt)) luaL_error(L, "interrupted");
}

static loam_interrupt *signalled;
static int ends_program;

static void say(const char *message) {
  ssize_t ignored = write(STDERR_FILENO, message, strlen(message));
  (void)ignored;
}

static atomic_int waits_for_line;

// The line editor hears a signal only while it waits for a key: one that comes a moment earlier would wait with it. So it is told again and
// again until it has heard.
static void remind(void) {
  struct itimerval soon = {{0, 10000}, {0, 10000}};
  setitimer(ITIMER_REAL, &soon, NULL);
}

static void wake(int number) { (void)number; }

void loam_interrupt_waits_for_line(loam_interrupt *interrupt, int waits) {
  static struct sigaction before;
  struct sigaction action = {.sa_handler = wake};
  struct itimerval never = {{0, 0}, {0, 0}};
  sigemptyset(&action.sa_mask);
  if (waits) sigaction(SIGALRM, &action, &before);
  atomic_store(&waits_for_line, waits);
  if (waits) {
    if (loam_interrupt_is_raised(interrupt)) remind();
  } else {
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
  }
}

static void handle(int number) {
  (void)number;
  int count = loam_interrupt_raise(signalled);
  if (atomic_load(&waits_for_line)) remind();
  if (!ends_program) return;
  if (count == 2) say("\nstill stopping; Ctrl-C once more ends the program\n");
  if (count > 2) _exit(130);
}

void loam_interrupt_handle_sigint(loam_interrupt *interrupt, int repeated_ends_program) {
  signalled = interrupt;
  ends_program = repeated_ends_program;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}
