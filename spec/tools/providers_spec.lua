-- The check of `make lint` that a database is one thing, and what a new row of providers.def does to the rooms.
local support = require "support"

local here = assert(io.popen "pwd"):read "l"

local function write(path, text)
  os.execute(("mkdir -p '%s'"):format(path:match "^(.*)/"))
  support.write(path, text)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

-- A copy of what the check looks at.
local function copy()
  local folder = support.folder()
  -- cp itself has leaks, which a preloaded sanitizer would report.
  local command = "mkdir -p '%s/lua' && env -u LD_PRELOAD cp -R core '%s/core' && env -u LD_PRELOAD cp -R lua/src lua/rille lua/bin '%s/lua/'"
  assert(os.execute(command:format(folder, folder, folder)))
  return folder
end

local function check(folder)
  local pipe = assert(io.popen(("cd '%s' && env -u LD_PRELOAD lua5.4 '%s/core/tools/providers.lua' 2>&1"):format(folder, here)))
  local output = pipe:read "a"
  return pipe:close() == true, output
end

local function change(folder, path, from, to)
  local text = read(folder .. "/" .. path)
  local at, finish = text:find(from, 1, true)
  assert.truthy(at, path .. " has no " .. from)
  write(folder .. "/" .. path, text:sub(1, at - 1) .. to .. text:sub(finish + 1))
end

local function refused(folder, text)
  local ok, output = check(folder)
  assert.is_false(ok, output)
  assert.truthy(output:find(text, 1, true), output)
end

describe("names and flags of databases", function()
  after_each(support.cleanup)

  it("are in order", function()
    local ok, output = check "."
    assert.is_true(ok, output)
  end)

  it("are refused where code or a string names one, and not in a comment", function()
    local folder = copy()
    write(folder .. "/core/src/run/odd.c", "/* PostgreSQL */\n// SQLite\nstatic const char *s = \"/* */ SQLite\";\n")
    write(folder .. "/core/src/run/odd_sqlite.c", "int rl_sqlite;\n")
    write(folder .. "/lua/rille/odd.lua", "-- postgres\n--[[ sqlite ]]\nlocal s = [[--]] .. \"x\"\nreturn s == 'postgresql'\n")
    local ok, output = check(folder)
    assert.is_false(ok)
    assert.equal("core/src/run/odd.c:3: names a database; only the database's own files may\n"
      .. "lua/rille/odd.lua:4: names a database; only the database's own files may\n", output)
  end)

  it("are refused when a flag has no reader", function()
    local folder = copy()
    change(folder, "core/src/plan/plan.h", "  bool returning;", "  bool flies;\n  bool returning;")
    change(folder, "core/src/driver/driver.h", "  bool single_writer;", "  const rl_facts *(*wings)(void);\n  bool single_writer;")
    refused(folder, "core/src/plan/plan.h: rl_features.flies has no reader")
    refused(folder, "core/src/driver/driver.h: rl_driver.wings has no reader")
    write(folder .. "/core/src/run/odd.c", "void f(const rl_driver *driver, rl_features *features) { driver->wings(); features->flies = true; }\n")
    local _, output = check(folder)
    assert.falsy(output:find("wings", 1, true), output)
    refused(folder, "rl_features.flies")
  end)
end)

describe("a new row of providers.def, and nothing else", function()
  after_each(support.cleanup)

  -- What a database needs in each room.
  local PARTS = { base = "rl_sql_rules", driver = "rl_driver rl_facts", migrate = "rl_migrate_part", schema = "rl_schema_rules", sql = "rl_ddl rl_dialect" }

  -- The files with a table made of the rows, and the part that they take.
  local function tables()
    local found, by_room = {}, {}
    local pipe = assert(io.popen "grep -Ho '&rl_[a-z_]*_##id' -r core/src --include='*.c' | LC_ALL=C sort -t: -k2")
    for line in pipe:lines() do
      local path, part = line:match "^(.-):&([%l_]+)_##id$"
      local room = path:match "^core/src/(%l+)/"
      found[path] = part
      by_room[room] = (by_room[room] and by_room[room] .. " " or "") .. part
    end
    pipe:close()
    assert.same(PARTS, by_room)
    return found
  end

  local function compile(folder, path)
    local flags = "-std=c11 -D_GNU_SOURCE -DRILLE_WITH_POSTGRES=1 -DRILLE_WITH_SQLITE=1 -DRILLE_WITH_MYSQL=1"
    local pipe = assert(io.popen(("cd '%s' && env -u LD_PRELOAD gcc %s -Icore/include -Icore/src -fsyntax-only %s 2>&1"):format(folder, flags, path)))
    local output = pipe:read "a"
    return pipe:close() == true, output
  end

  it("does not compile in any room that must know", function()
    local folder, rooms = copy(), tables()
    for path in pairs(rooms) do
      local ok, output = compile(folder, path)
      assert.is_true(ok, output)
    end
    local def = "core/src/base/providers.def"
    write(folder .. "/" .. def, read(folder .. "/" .. def) .. 'RL_PROVIDER(MYSQL, mysql, "mysql", "MySQL", RILLE_WITH_MYSQL)\n')
    for path, name in pairs(rooms) do
      local ok, output = compile(folder, path)
      assert.is_false(ok, path .. " compiles")
      assert.truthy(output:find(name .. "_mysql[^\n]* undeclared"), output)
    end
    refused(folder, "lua/rille/command/on_mysql.lua: is missing")
  end)
end)
