-- A fuzz harness of the files that name the database, .env and prisma.config.ts: randomly changed texts must return strings or a clear error, in time
-- that grows with their length.
--
--   lua5.4 spec/fuzz/config.lua SECONDS FOLDER     changes texts for that long; writes failures to FOLDER
--   lua5.4 spec/fuzz/config.lua FILE               runs one text again
local config = require "rille.config"
local prisma_config = require "rille.prisma_config"
local errors = require "rille.errors"

local fuzz = {}

local SEEDS = {
  'DATABASE_URL="postgresql://me:pw@localhost/db" # why\nexport A=\'x ${B}\'\nB=${DATABASE_URL}?a=\\$b\n#C=1\nD="a\\nb"\n',
  "A=1\nB=${A}${A}\nC=${B}${B}\nD=${C}${C}\n",
  'import { defineConfig, env } from "prisma/config" // c\nexport default defineConfig({\n  schema: "db/schema.prisma",\n'
    .. '  migrations: { path: `m`, seed: \'s\' }, datasource: { url: env("A") ?? process.env.B || "x", shadowDatabaseUrl: process.env["C"]! },\n})\n',
  'const c: PrismaConfig = { schema: path.join(__dirname, "a", "b"), "datasource": { url: "u" as string } } satisfies PrismaConfig\nexport default c\n',
  "module.exports = { migrations: { path: resolve(import.meta.dirname, 'm') }, /* no */ }\n",
}
local WORDS = { "=", "\n", "\"", "'", "`", "${A}", "${B}${B}", "\\", "#", " ", "export ", "A=", "B=", "\0", "{", "}", "(", ")", "[", "]", ",", ":", "??", "||",
  "export default ", "env(\"A\")", "process.env.", "schema", "datasource", "url", "//", "/*", "*/", "...", "!", "as", "const c = ", "\255", "\239\187\191",
  ("x"):rep(300), (" "):rep(300), ("\\\""):rep(100), ("${B}"):rep(40) }

-- Instructions of the interpreter, so the limit is the same on every machine. C functions are not counted.
local function bounded_call(size, fn, ...)
  local limit = 200000 + 400 * size
  debug.sethook(function()
    debug.sethook()
    error("took more than " .. limit .. " instructions", 0)
  end, "", limit)
  local ok, result = pcall(fn, ...)
  debug.sethook()
  return ok, result
end

local function variable(name) return name ~= "C" and name:sub(1, 50) or nil end

-- Returns nil, or what is wrong.
function fuzz.check(text)
  local ok, found = bounded_call(#text, config.parse_env, text)
  if not ok and not errors.is_error(found) then return tostring(found) end
  for name, value in pairs(ok and found or {}) do
    if not name:find "^[%a_][%w_]*$" or type(value) ~= "string" then return "a variable has a name and a text" end
  end
  ok, found = bounded_call(#text, prisma_config.parse, text, "prisma.config.ts", variable)
  if not ok then return tostring(found) end
  for _, key in ipairs { "schema", "migrations", "seed", "url", "shadow_url" } do
    if found[key] ~= nil and type(found[key]) ~= "string" then return key .. " is a text" end
  end
  return nil
end

local function change(random, text)
  local at, choice = random(0, #text), random(1, 6)
  if choice == 1 then return text:sub(1, at) .. text:sub(at + random(2, 30)) end
  if choice == 2 then return text:sub(1, at) .. string.char(random(0, 255)) .. text:sub(at + 2) end
  if choice == 3 then
    local from = random(0, #text)
    return text:sub(1, at) .. text:sub(from, from + random(1, 200)):rep(random(1, 4)) .. text:sub(at + 1)
  end
  return text:sub(1, at) .. WORDS[random(1, #WORDS)] .. text:sub(at + 1)
end

-- Returns a random text. `random` is called like math.random.
function fuzz.text(random)
  local text = SEEDS[random(1, #SEEDS)]
  for _ = 1, random(1, 12) do text = change(random, text) end
  return text:sub(1, 20000)
end

-- The same numbers in every Lua.
function fuzz.random(seed)
  local state = seed
  return function(low, high)
    state = (state * 16807) % 2147483647
    return low + state % (high - low + 1)
  end
end

local function keep(folder, text)
  local path = ("%s/config-%d"):format(folder, os.time())
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  print("Test unit written to " .. path)
end

local function main(seconds, folder)
  if not tonumber(seconds) then
    local file = assert(io.open(seconds, "rb"))
    local text = file:read "*a"
    file:close()
    local wrong = fuzz.check(text)
    print(wrong or "nothing is wrong")
    os.exit(wrong and 1 or 0)
  end
  local random, ends, runs = fuzz.random(os.time() % 2147483646 + 1), os.time() + tonumber(seconds), 0
  while os.time() < ends do
    local text = fuzz.text(random)
    local wrong = fuzz.check(text)
    runs = runs + 1
    if wrong then
      print(wrong)
      keep(folder, text)
      os.exit(1)
    end
  end
  print(("Done %d runs"):format(runs))
end

if arg and arg[0] and arg[0]:find "fuzz/config%.lua$" then main(arg[1], arg[2]) end

return fuzz
