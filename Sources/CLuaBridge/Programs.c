// os.execute, by a start of the program at which no Ctrl-C is lost.
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "Bridge.h"

extern char **environ;

static volatile sig_atomic_t came;

static void note(int number) {
  (void)number;
  came = 1;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

// Waits for a program to end and gives its status; -1 and errno if there is none.
static int wait_for(pid_t program, const loam_interrupt *stopping) {
  double started = seconds_now();
  int status, is_told = 0;
  for (;;) {
    // A Ctrl-C that came before there was a program is told to it. So is one while it starts, which a shell that has not started its command
    // yet keeps to itself until the command is over; hence the whole group. Who got it already does not mind another.
    if (!is_told && (came || loam_interrupt_is_raised(stopping)) && seconds_now() - started < 0.1) {
      nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
      kill(getpgrp() == getpid() ? 0 : program, SIGINT);
      is_told = 1;
    }
    if (waitpid(program, &status, 0) >= 0) return status;
    if (errno != EINTR) return -1;
  }
}

// Runs a command of the shell and gives its status as waitpid has it; -1 and errno if it could not be started. As with system(), Ctrl-C is the
// program's while it runs. system() ignores it before there is a program, so that one which comes at that moment would reach nobody.
static int run_command(const char *command, const loam_interrupt *stopping) {
  struct sigaction noting = {.sa_handler = note}, ignoring = {.sa_handler = SIG_IGN}, interrupt, quit;
  sigset_t restored;
  sigemptyset(&noting.sa_mask);
  sigemptyset(&ignoring.sa_mask);
  sigemptyset(&restored);
  came = 0;
  sigaction(SIGINT, &noting, &interrupt);
  sigaction(SIGQUIT, &ignoring, &quit);
  if (interrupt.sa_handler == SIG_IGN) sigaction(SIGINT, &interrupt, NULL); else sigaddset(&restored, SIGINT);
  if (quit.sa_handler != SIG_IGN) sigaddset(&restored, SIGQUIT);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &restored);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t program;
  int status = -1;
  int fault = posix_spawn(&program, "/bin/sh", NULL, &attributes, (char *[]){"sh", "-c", (char *)command, NULL}, environ);
  posix_spawnattr_destroy(&attributes);
  if (fault == 0 && (status = wait_for(program, stopping)) == -1) fault = errno;
  sigaction(SIGINT, &interrupt, NULL);
  sigaction(SIGQUIT, &quit, NULL);
  errno = fault;
  return status;
}

// A program that Ctrl-C ended is a wish to stop: a loop around it would otherwise go on for ever.
static int execute(lua_State *L) {
  const char *command = luaL_optstring(L, 1, NULL);
  if (command == NULL) {
    lua_pushboolean(L, access("/bin/sh", X_OK) == 0);
    return 1;
  }
  errno = 0;
  int status = run_command(command, bridge_of(L)->interrupt);
  if (status != -1 && (WIFSIGNALED(status) ? WTERMSIG(status) == SIGINT : WEXITSTATUS(status) == 128 + SIGINT)) {
    loam_interrupt_raise(bridge_of(L)->interrupt);
  }
  return luaL_execresult(L, status);
}

void install_programs(lua_State *L) {
  lua_getglobal(L, LUA_OSLIBNAME);
  lua_pushcfunction(L, execute);
  lua_setfield(L, -2, "execute");
  lua_pop(L, 1);
}
