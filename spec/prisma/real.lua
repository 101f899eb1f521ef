-- Asking real Prisma: `real.folder` has its packages, or is nil and `real.why` says why; see prisma.mjs for what can be asked.
local busted = require "busted"
local rille = require "rille"
local support = require "support"

local real = {}

local pipe = assert(io.popen "spec/prisma/install.sh --installed")
local said = pipe:read "a"
if pipe:close() then real.folder = said:gsub("%s+$", "") else real.why = said:gsub("%s+$", "") end

-- One process answers all that a file asks: to load the engine takes longer than most answers. It ends with us, when its input does.
local server

local function serve()
  local place = io.popen("mktemp -d"):read "l"
  local script = io.popen("pwd"):read "l" .. "/spec/prisma/prisma.mjs"
  assert(os.execute(("mkfifo '%s/answers'"):format(place)))
  server = { log = place .. "/log" }
  server.requests = assert(io.popen(("cd '%s' && exec 3>'%s/answers' && node '%s' --serve >'%s' 2>&1 && rm -rf '%s'"):format(real.folder, place, script,
    server.log, place), "w"))
  server.answers = assert(io.open(place .. "/answers"))
end

-- What Prisma answers to each job.
function real.ask(jobs)
  local dir = support.folder()
  support.write(dir .. "/jobs.json", rille.json.encode(rille.array(jobs)))
  if not server then serve() end
  server.requests:write(dir, "/jobs.json\t", dir, "/results.json\n")
  server.requests:flush()
  local answered, log = server.answers:read "l", server.log
  if answered ~= "done" then server = nil end
  assert(answered, "node failed: " .. tostring((io.open(log) or io.stdin):read "a"))
  local file = assert(io.open(dir .. "/results.json"))
  local text = file:read "a"
  file:close()
  return rille.trust(rille.json.decode(text)) -- what real Prisma says is also passed to calls
end

function real.job(op, engine, url, schema, more)
  local one = { op = op, provider = engine, url = url, schema = schema }
  for key, value in pairs(more or {}) do one[key] = value end
  return one
end

-- The answers to commands of `migrate` on a folder, each { ok = ... } or { error, code }.
function real.migrate(engine, url, schema, folder, steps)
  for i, step in ipairs(steps) do steps[i] = rille.array(step) end
  local answer = real.ask({ real.job("migrate", engine, url, schema, { folder = folder, steps = rille.array(steps) }) })[1]
  assert(answer.ok, tostring(answer.error))
  return answer.ok
end

-- As support.each_engine, when Prisma is there.
function real.each_engine(define, keep)
  if real.folder then return support.each_engine(define, keep) end
  busted.pending("real Prisma is not asked: " .. real.why)
end

-- SQL as it is, on the database of url.
function real.run(url, sql)
  local db = rille.connect { schema_text = "", url = url }
  local ok, e = pcall(db.execute_script, db, sql)
  db:close()
  assert(ok, tostring(e))
end

-- What rille finds between a database and a schema: "" for nothing.
function real.difference(url, text) return rille.migrate.diff { from = { url = url }, to = { schema_text = text }, script = true } end

-- Whether a script of Prisma's does nothing.
function real.is_nothing(answer) return answer.ok and answer.ok:find("This is an empty migration", 1, true) ~= nil end


local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- Bytes as prisma.mjs has them.
function real.base64(bytes)
  return (bytes:gsub("..?.?", function(s)
    local a, b, c = s:byte(1, 3)
    local n, out = a * 65536 + (b or 0) * 256 + (c or 0), {}
    for i = 1, 4 do
      local at = n >> (24 - 6 * i) & 63
      out[i] = i <= #s + 1 and DIGITS:sub(at + 1, at + 1) or "="
    end
    return table.concat(out)
  end))
end

-- Where what rille read is unlike what Prisma gave, as ".path: one, other"; nil when nowhere.
local function absent(value)
  return value == nil or value == rille.null or value == rille.json_null or type(value) == "table" and value["$"] == "jsonnull"
end

local function as_text(value, kind)
  if kind == "bytes" then return real.base64(value) end
  return tostring(value)
end

function real.unlike(mine, theirs)
  if absent(mine) or absent(theirs) then
    return absent(mine) ~= absent(theirs) and (": %s, %s"):format(tostring(mine), tostring(theirs)) or nil
  end
  local kind = type(theirs) == "table" and theirs["$"]
  if kind then
    local same = kind == "decimal" and rille.decimal(tostring(mine)) == rille.decimal(theirs.v) or as_text(mine, kind) == theirs.v
    return not same and (": %s, %s %s"):format(as_text(mine, kind), kind, theirs.v) or nil
  end
  if type(theirs) ~= "table" or type(mine) ~= "table" then
    return mine ~= theirs and (": %s, %s"):format(tostring(mine), tostring(theirs)) or nil
  end
  local keys = {}
  for key in pairs(mine) do keys[key] = true end
  for key in pairs(theirs) do keys[key] = true end
  for key in pairs(keys) do
    local problem = real.unlike(mine[key], theirs[key])
    if problem then return "." .. tostring(key) .. problem end
  end
end

return real
