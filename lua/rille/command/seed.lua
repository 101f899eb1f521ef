--- Finds and runs the seed script: Lua in this process, SQL on the database, anything else as a command.
local rille = require "rille"
local tools = rille.tools
local config, errors = tools.config, tools.errors
local faults = require "rille.command.faults"
local files = require "rille.command.files"

local seed = {}

local function quoted_after(text, pattern)
  local quote, rest = text:match(pattern .. "%s*([\"'`])(.*)")
  return quote and rest:match("^(.-)" .. quote)
end

-- The seed command of Prisma's configuration: `migrations: { seed: "..." }`, or in package.json before Prisma 7.
local function configured()
  local prisma = config.prisma()
  if prisma.seed then return prisma.seed, prisma.file end
  config.check_read(prisma, "migrations.seed", "VALIDATION", "name the script with --script")
  local package_text = files.read "package.json"
  local found = package_text and quoted_after(package_text:match '"prisma"%s*:%s*(%b{})' or "", '"seed"%s*:')
  if found then return found, "package.json" end
  return nil
end

local function by_convention(call)
  local schema = call:find_schema()
  local places = {}
  if schema then
    local folder = files.folder_of(schema)
    places = { folder .. "/seed.lua", folder .. "/seed.sql" }
  end
  for _, place in ipairs { "seed.lua", "prisma/seed.lua", "seed.sql", "prisma/seed.sql" } do places[#places + 1] = place end
  for _, place in ipairs(places) do
    if files.exists(place) then return (place:gsub("^%./", "")) end
  end
  return nil
end

local function find(call)
  if call.args.script then
    files.must_read(call.args.script, "--script")
    return call.args.script
  end
  local line, where = configured()
  if line then return line:match "^lua[%w.]*%s+([%w_./-]+%.lua)$" or line, where end
  return by_convention(call) or errors.raise("VALIDATION", "there is no seed script: write seed.lua next to the schema, name one with --script, "
    .. "or `seed` in prisma.config.ts")
end

-- The script has its name and arguments in `arg`, as usual.
local function run_lua(path, arguments)
  local chunk, why = loadfile(path)
  if not chunk then errors.raise("VALIDATION", "the seed script: %s", tostring(why)) end
  local old = rawget(_G, "arg")
  local own = { [0] = path }
  for i, value in ipairs(arguments) do own[i] = value end
  rawset(_G, "arg", own)
  local ok, e = pcall(chunk, (table.unpack or unpack)(arguments))
  rawset(_G, "arg", old)
  if ok then return end
  if errors.is_error(e) or faults.is_interrupt(e) then error(e, 0) end
  errors.raise("VALIDATION", "the seed script failed: %s", tostring(e))
end

local function run_sql(call, path)
  local db = call:connect()
  local ok, e = pcall(db.execute_script, db, files.must_read(path, "seed"))
  db:close()
  if not ok then error(e, 0) end
end

-- A URL is never in the arguments of a process, where others can read it: it is passed in a file that only this user may read.
local function run_command(call, line, arguments)
  local words = { line }
  for _, value in ipairs(arguments) do words[#words + 1] = files.quote(value) end
  local text = table.concat(words, " ") .. (call.out.json and " >&2" or "")
  local environment
  if call.args.url then
    environment = os.tmpname()
    files.write(environment, "DATABASE_URL=" .. files.quote(call.args.url) .. "\nexport DATABASE_URL\n")
    text = (". %s; rm -f %s; %s"):format(environment, environment, text)
  end
  local ok, status = files.shell(text)
  if environment then os.remove(environment) end
  if not ok then errors.raise("VALIDATION", "the seed command `%s` failed with exit code %s", line, tostring(status)) end
end

-- Returns the file of the database if it does not exist yet; nil if there is no URL, or no file in it.
local function missing_file(call)
  local ok, url = pcall(call.url, call)
  local path = ok and tools.url_file(url)
  if path and not config.exists(path) then return path, url end
  return nil
end

-- Removes a file that a script created and that has no table: it would hide that there is no database.
local function remove_empty(path, url)
  if not config.exists(path) then return false end
  local found, e = pcall(rille.pull, { url = url })
  if found or not errors.is_error(e) or e.code ~= "P4001" then return false end
  collectgarbage() -- closes what the script left open
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
  return true
end

local function run(call, script, arguments)
  if files.exists(script) and script:find "%.lua$" then run_lua(script, arguments)
  elseif files.exists(script) and script:find "%.sql$" then run_sql(call, script)
  elseif call.args.script then
    errors.raise("VALIDATION", "--script: `%s` is neither a .lua nor a .sql file", script)
  else
    run_command(call, script, arguments)
  end
end

--- Runs the seed script.
function seed.run(call)
  local script, where = find(call)
  local path, url = missing_file(call)
  io.stdout:flush() -- before another process writes to it
  local ok, e = pcall(run, call, script, call.args.arguments or {})
  local removed = path and remove_empty(path, url)
  if not ok then error(e, 0) end
  if removed then
    errors.raise("P1003", "the database %s does not exist; `rille migrate dev` or `rille db push` creates it", tools.url_shown(url))
  end
  call.out:done("%s has run%s", script, where and (" (named in %s)"):format(where) or "")
  return { ok = true, script = script }
end

return seed
