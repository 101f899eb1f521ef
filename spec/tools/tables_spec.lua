-- A row of the tables of actions and operators asks for all that belongs to it: the compiler and the lint name what was forgotten.
local support = require "support"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  return pipe:close() == true, output
end

local FLAGS = "-std=c11 -fsyntax-only -D_GNU_SOURCE -DRILLE_WITH_POSTGRES=1 -DRILLE_WITH_SQLITE=1 -Wall -Icore/include -Icore/src"

-- Returns the output of the compiler for a file, with the headers of a folder before those of the core.
local function compile(folder, file) return select(2, run(("gcc -I'%s' %s core/src/%s"):format(folder, FLAGS, file))) end

-- A folder with a table that has one row more before the line that holds `before`.
local function with_row(name, before, row)
  local folder = support.folder()
  os.execute(("mkdir -p '%s/query'"):format(folder))
  local text = read("core/src/query/" .. name)
  local at = assert(text:find(before, 1, true))
  support.write(folder .. "/query/" .. name, text:sub(1, at - 1) .. row .. "\n" .. text:sub(at))
  return folder
end

describe("the tables of the query language", function()
  after_each(support.cleanup)

  it("are what the files made from them say", function()
    local ok, output = run "lua5.4 core/tools/actions.lua --check"
    assert.is_true(ok, output)
  end)

  it("have the compiler name what a new action lacks", function()
    local row = 'RL_ACTION(20, TOUCH, touch, WRITES, COUNT, MANY, 0, "(TouchArgs): rille.Count", "Touches rows.")'
    local folder = with_row("actions.def", "\n#undef RL_ARGUMENT\n", row)
    for _, file in ipairs { "query/bind.c", "plan/plan.c" } do
      assert.truthy(compile(folder, file):find("RL_ACTION_TOUCH.- not handled in switch"), file)
    end
    assert.truthy(compile(folder, "query/actions.c"):find "RILLE_TOUCH.- undeclared")
  end)

  it("have the compiler name what a new operator lacks", function()
    local folder = with_row("operators.def", "\nRL_CONDITION(", 'RL_OPERATOR(MATCHES, MATCHES, "matches", "")')
    for _, file in ipairs { "sql/filter.c", "sql/filter_json.c", "sql/datetime.c", "sql/dialect_postgres.c" } do
      assert.truthy(compile(folder, file):find("RL_OP_MATCHES.- not handled in switch"), file)
    end
  end)

  it("make the lint name files that are not up to date, and the page that lacks them", function()
    local folder = support.folder()
    os.execute(("mkdir -p '%s' && cp -r core lua docs '%s'"):format(folder, folder))
    local path = folder .. "/core/src/query/operators.def"
    support.write(path, (read(path):gsub("\nRL_CONDITION_OPTION%(mode,", '\nRL_CONDITION(at_least, ORDERED, compare, RL_OP_GTE, "@")%0')))
    local ok, output = run(("cd '%s' && lua5.4 core/tools/actions.lua --check"):format(folder))
    assert.is_false(ok)
    assert.truthy(output:find("lua/rille/generate/calls.lua: not up to date", 1, true), output)
    assert.truthy(output:find("no table of operators has at_least", 1, true), output)
    assert.is_nil(output:find("rille/actions.h", 1, true), output)
  end)
end)
