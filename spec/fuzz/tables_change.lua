-- Changes of a call's tables: what an attacker might send, or an application by mistake.
local rille = require "rille"

--- What hostile metamethods raise.
local RAISED = setmetatable({}, { __tostring = function() return "raised by a metamethod" end })

local KEYS = { "where", "data", "select", "include", "omit", "AND", "OR", "NOT", "not_", "in_", "set", "create", "connect", "equals", "id", "name", "email",
  "posts", "_count", "increment", "is", "some", "take", "path", "mode", "",
  "no\0pe", "\255\254", "__index", "recursive", "age", ("k"):rep(5000), "set_", "limit" }

local function deep(random)
  local out, keys = {}, { "AND", "NOT", "OR", "posts", "is", 1, "k" }
  local key = keys[random(1, #keys)]
  for _ = 1, random(1, 3) == 1 and random(190, 400) or random(2, 60) do out = { [random(1, 3) > 1 and key or keys[random(1, #keys)]] = out } end
  return out
end

local function long_list(random)
  local out, what = {}, random(1, 4)
  for i = 1, random(1, 6) == 1 and 20000 or random(50, 1200) do
    out[i] = what == 1 and i or what == 2 and ("s" .. i) or what == 3 and { id = i } or what == 4 and "a"
  end
  return out
end

local function with(t, meta, impure) return setmetatable(t, meta), impure end

local function raise() error(RAISED, 0) end

-- Tables whose metamethods raise, lie, or remove what has been walked. The second result: whether it answers differently each time.
local function hostile(random, inner, root)
  local choice = random(1, 9)
  if choice == 1 then return with({}, { __index = inner }) end
  if choice == 2 then return with({}, { __pairs = raise }) end
  if choice == 3 then return with({}, { __len = function() return random(1, 2) == 1 and 3 or -1 end, __index = raise }, true) end
  if choice == 4 then return with({}, { __pairs = function() return next, inner, nil end, __index = inner }) end
  if choice == 5 then return with({ 1, nil, 3 }, { __len = function() return 1e15 end }) end
  if choice == 6 then return with(inner, { __index = function() return nil end }) end
  if choice == 7 then return with({}, { __pairs = function() return function() return nil end end }) end
  if choice == 8 then return with({}, { __pairs = 7, __len = "x" }) end
  return with({}, { __pairs = function()
    for key, v in next, root do
      if type(v) ~= "table" then root[key] = nil end
      if type(v) == "table" and v ~= inner then
        for below in next, v do v[below] = nil end
      end
    end
    collectgarbage()
    return next, { id = 1 }, nil
  end }, true)
end

local function strange(random, old, root)
  local list = { 0, -1, 1e308, -1 / 0, 0 / 0, 9223372036854775807, 9.3e18, "1e400", "NaN", true, false, rille.null, rille.all, rille.json_null, rille.any_null,
    rille.db_null, "\0", "\255", ("\226\130"):rep(9), "", " ", {}, { {} }, { 1, 2, nil, 4 }, { [0] = 1 }, { [1.5] = 1 }, { [2 ^ 53] = 1 }, { [true] = 1 },
    print, rille.decimal "1e3", rille.decimal "0", rille.field("User", "nope"), rille.field("User", "posts"), rille.field("a\0b", "\255"), rille.array {},
    rille.object {}, rille.array { k = 1 }, rille.object { 1 }, io.stdout, { "a", k = 1 }, ("x"):rep(70000), os.date "*t", { year = 1e300 },
    { year = 2020, month = 0 / 0, day = 1 }, -0.0, 1e15 + 0.5, 4294967296, "2020-13-45", ("9"):rep(400), { equals = {} }, { set = {} }, { ["in"] = {} } }
  local choice = random(1, #list + 14)
  if choice <= #list then return list[choice] end
  if choice <= #list + 3 then return deep(random) end
  if choice <= #list + 5 then return long_list(random) end
  if choice == #list + 6 then return root end
  if choice == #list + 7 and type(old) == "table" then return { old, old } end
  if type(old) ~= "table" then return { [KEYS[random(1, #KEYS)]] = old } end
  return hostile(random, old, root)
end

-- Returns the keys of a table that an application could write, in the same order in every run.
local function keys_of(t)
  local keys = {}
  for key in next, t do
    if type(key) == "string" or type(key) == "number" then keys[#keys + 1] = key end
    if #keys == 64 then break end
  end
  table.sort(keys, function(a, b) return type(a) == type(b) and a < b or type(a) < type(b) end)
  return keys
end

-- Returns a random table of the call, with one of its keys.
local function place(random, args)
  local at, keys = args, keys_of(args)
  for _ = 1, random(0, 6) do
    local below = {}
    for _, key in ipairs(keys) do
      if type(rawget(at, key)) == "table" then below[#below + 1] = rawget(at, key) end
    end
    if #below == 0 then break end
    at = below[random(1, #below)]
    keys = keys_of(at)
  end
  return at, keys[random(1, math.max(1, #keys))]
end

-- Returns another value of the same kind. The call is mostly as valid as before.
local function mild(random, old)
  local kind = type(old)
  if kind == "number" then return ({ 0, 1, 2, 7, -1, 0.5, 2147483646, -2147483648, 3000000000, 1e10, old + 1, old / 2 })[random(1, 12)] end
  if kind == "string" then
    local same = { "", "a", "asc", "desc", "\0", "\255", "%", "_%", "\\", "\226\130", "2020-01-01", "1.5", old .. old,
      old:upper(), old .. "\0x", ("y"):rep(3000) }
    return same[random(1, #same)]
  end
  if kind == "boolean" then return not old end
  if kind ~= "table" then
    return ({ rille.null, rille.json_null, rille.db_null, rille.any_null, rille.decimal "-7.25", rille.field("User", "age") })[random(1, 6)]
  end
  local list = {}
  if rawget(old, 1) == nil then return random(1, 2) == 1 and { old } or list end
  for i = 1, random(0, 300) do list[i] = old[random(1, #old)] end
  return list
end

local function change(random, call)
  local args = call.args
  if type(args) ~= "table" or random(1, 60) == 1 then
    call.args = strange(random, args, {})
    call.impure = true
    return
  end
  local at, key = place(random, args)
  if getmetatable(at) and call.impure then return end
  if key == nil then key = KEYS[random(1, #KEYS)] end
  local choice = random(1, 14)
  if choice > 7 then
    if rawget(at, key) ~= nil then rawset(at, key, mild(random, rawget(at, key))) end
  elseif choice == 1 then
    rawset(at, key, nil)
  elseif choice == 2 then
    local v = rawget(at, key)
    rawset(at, key, nil)
    rawset(at, KEYS[random(1, #KEYS)], v)
  elseif choice == 3 then
    local other, from = place(random, args)
    if from ~= nil and rawget(other, from) ~= at then rawset(at, key, rawget(other, from)) end
  elseif choice == 4 then
    rawset(at, KEYS[random(1, #KEYS)], (strange(random, rawget(at, key), args)))
    call.impure = true
  else
    local made, impure = strange(random, rawget(at, key), args)
    rawset(at, key, made)
    call.impure = call.impure or impure
  end
end

return setmetatable({ RAISED = RAISED }, { __call = function(_, random, call) return change(random, call) end })
