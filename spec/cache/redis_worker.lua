-- The other process of redis_spec.lua: runs each line as Lua code and answers with a line.
--
--   lua redis_worker.lua URL SCHEMA STORE
local rille = require "rille"

local handle = assert(io.open(arg[2]))
local schema_text = handle:read "a"
handle:close()
local db = rille.connect { schema_text = schema_text, url = arg[1], cache = { store = arg[3] }, pool = { size = 4 } }
local told
db:on("cache", function(event) told = event.answer end)

local environment = setmetatable({ db = db, rille = rille }, { __index = _G })
-- A cached count and what the cache said.
function environment.count(options)
  options = options or { ttl = 600, tags = { "all" } }
  told = nil
  local n = db.note:count { cache = options }
  return n .. " " .. tostring(told)
end
function environment.told() return told end

io.stdout:setvbuf "line"
local status = assert(io.open "/proc/self/stat")
print("ok " .. status:read "n")
status:close()
for line in io.lines() do
  local run = assert(load(line, "=line", "t", environment))
  local good, answer = pcall(run)
  print((good and "ok " or "error ") .. tostring(answer):gsub("\n", " "))
end
