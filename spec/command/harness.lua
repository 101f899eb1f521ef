-- Runs the `rille` command as a process of its own: in a folder, with an environment, plain or on a terminal of its own.
local core = require "rille.core"
local support = require "support"

local harness = {}

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end
harness.read = read

function harness.exists(path)
  local file = io.open(path, "r")
  if file then file:close() end
  return file ~= nil
end

local function environment(options)
  local parts = { "env -u DATABASE_URL -u NO_COLOR TERM=xterm LC_ALL=C.UTF-8" }
  if options.url then parts[#parts + 1] = "DATABASE_URL=" .. quote(options.url) end
  for name, value in pairs(options.env or {}) do parts[#parts + 1] = name .. "=" .. quote(value) end
  return table.concat(parts, " ")
end

-- A project: a folder with a schema, and the URL of an empty database.
function harness.project(engine, schema)
  local folder = support.folder()
  if schema then support.write(folder .. "/schema.prisma", schema) end
  return folder, engine and support.database(engine)
end

-- The line for the shell that runs `rille` with its output in files, and the beginning of their names.
local function line_of(folder, arguments, options)
  local base = os.tmpname()
  local input = "/dev/null"
  if options.input then input = support.write(base .. ".in", options.input) end
  local program = options.program or "rille"
  return ("cd %s && %s %s %s >%s.out 2>%s.err <%s"):format(quote(folder), environment(options), program, arguments, base, base, input), base
end

local function take(base, status)
  local result = { status = status, out = read(base .. ".out"), err = read(base .. ".err") }
  for _, suffix in ipairs { "", ".in", ".out", ".err" } do os.remove(base .. suffix) end
  return result
end

-- Runs `rille` with a line of arguments. Options: url (as DATABASE_URL), env, input. Gives { status, out, err }.
function harness.run(folder, arguments, options)
  local line, base = line_of(folder, arguments, options or {})
  local _, _, status = os.execute(line)
  return take(base, status)
end

-- Runs several at once: { out, err } of each, in order.
function harness.together(folder, list)
  local lines, bases, results = {}, {}, {}
  for i, arguments in ipairs(list) do lines[i], bases[i] = line_of(folder, arguments, {}) end
  os.execute("(" .. table.concat(lines, ") & (") .. ") & wait")
  for i, base in ipairs(bases) do results[i] = take(base) end
  return results
end

-- The same, and what must come of it: status 0, or that given.
function harness.ok(folder, arguments, options)
  local result = harness.run(folder, arguments, options)
  if result.status ~= (options and options.status or 0) then
    error(("rille %s: exit code %d\n%s%s"):format(arguments, result.status, result.out, result.err), 2)
  end
  return result
end

-- With --json: the one document on stdout. Nothing else may be there, and nothing on stderr.
function harness.json(folder, arguments, options)
  local result = harness.ok(folder, arguments .. " --json", options)
  local documents = select(2, result.out:gsub("\n", ""))
  if documents ~= 1 or result.err ~= "" then error("not one document: " .. result.out .. result.err, 2) end
  return core.json.decode(result.out), result
end

-- Specs under sanitizers preload them into every process; `script` does not take that.
harness.has_terminal = not os.getenv "LD_PRELOAD"

-- On a terminal, with what is typed there. Gives { status, out }: both streams as the terminal shows them, "\r" removed.
function harness.terminal(folder, arguments, options)
  options = options or {}
  local base = os.tmpname()
  support.write(base .. ".in", options.input or "")
  local inner = ("cd %s && %s rille %s"):format(quote(folder), environment(options), arguments)
  local _, _, status = os.execute(("timeout 60 script -qec %s /dev/null <%s.in >%s.out 2>&1"):format(quote(inner), base, base))
  local result = { status = status, out = read(base .. ".out"):gsub("\r", "") }
  for _, suffix in ipairs { "", ".in", ".out" } do os.remove(base .. suffix) end
  return result
end

return harness
