rockspec_format = "3.0"
package = "rille"
version = "scm-1"
source = { url = "git+https://example.invalid/rille.git", branch = "main" }
description = {
  summary = "Data access with schema.prisma for PostgreSQL and SQLite",
  detailed = [[
The same schema.prisma, tables, migrations and error codes as Prisma, called from Lua as
db.user:find_many{ where = {...}, include = {...} }. A query is compiled once and run many times, by a core in C.]],
  license = "MIT",
}
-- The command rille needs argparse too, and says so; a program that only calls the library does not.
dependencies = { "lua >= 5.1, < 5.5" }
-- Headers are left to the compiler and to pg_config, which the Makefile asks: Debian keeps them where luarocks does not look.
external_dependencies = {
  PQ = { library = "pq" },
  SQLITE = { library = "sqlite3" },
  GMP = { library = "gmp" },
  UTF8PROC = { library = "utf8proc" },
  HIREDIS = { library = "hiredis" },
  OPENSSL = { library = "ssl" },
}
-- Core and binding become one module that needs no librille. The Makefile finds the C files, so that no list of them goes stale here.
build = {
  type = "make",
  build_target = "rock",
  install_target = "rock-install",
  variables = {
    ROCK_CFLAGS = "$(CFLAGS)",
    LIBFLAG = "$(LIBFLAG)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    ROCK_PATHS = "-L$(PQ_LIBDIR) -L$(SQLITE_LIBDIR) -L$(GMP_LIBDIR) -L$(UTF8PROC_LIBDIR) -L$(HIREDIS_LIBDIR) -L$(OPENSSL_LIBDIR)",
    INST_LIBDIR = "$(LIBDIR)",
    INST_LUADIR = "$(LUADIR)",
    INST_BINDIR = "$(BINDIR)",
  },
  copy_directories = { "docs" },
}
