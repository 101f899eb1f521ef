-- Values as text: the same for the same value, whatever the order of keys. Cycles and metatables are named.
local MOST = 4000

local function is_utf8(text)
  local at = 1
  while at <= #text do
    local byte = text:byte(at)
    local more = byte < 0x80 and 0 or byte >= 0xC2 and byte < 0xE0 and 1 or byte >= 0xE0 and byte < 0xF0 and 2 or byte >= 0xF0 and byte < 0xF5 and 3
    if not more or not text:sub(at + 1, at + more):match("^[\128-\191]*$") or at + more > #text then return false end
    at = at + 1 + more
  end
  return true
end

local function number(n)
  if n ~= n then return "nan" end
  return math.type and math.type(n) == "integer" and ("%d"):format(n) or ("%.17g"):format(n)
end

local function text_of(v, depth, seen)
  local kind = type(v)
  if kind == "string" then return #v > 200 and ("<%d bytes %q>"):format(#v, v:sub(1, 40)) or ("%q"):format(v) end
  if kind == "number" then return number(v) end
  if kind ~= "table" then return kind == "function" and kind or tostring(v) end
  if seen[v] or depth > 40 then return seen[v] and "<cycle>" or "<deep>" end
  seen[v] = true
  local keys, parts = {}, {}
  for key in next, v do
    keys[#keys + 1] = key
    if #keys > MOST then break end
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and type(a) ~= "boolean" and type(a) ~= "table" and type(a) ~= "userdata" and type(a) ~= "function" then return a < b end
    return type(a) .. tostring(a) < type(b) .. tostring(b)
  end)
  for i, key in ipairs(keys) do
    if i > 60 then
      parts[i] = ("... %d keys"):format(#keys)
      break
    end
    parts[i] = ("[%s] = %s"):format(text_of(key, depth + 1, seen), text_of(rawget(v, key), depth + 1, seen))
  end
  seen[v] = nil
  local meta = getmetatable(v)
  local name = type(meta) == "table" and rawget(meta, "__name")
  return (name and ("<%s>"):format(tostring(name)) or meta and "<metatable>" or "") .. "{ " .. table.concat(parts, ", ") .. " }"
end

local show = { is_utf8 = is_utf8 }

--- A call of the harness, as a program would write it.
function show.call(call)
  return ("%s%s:%s(%s)"):format(call.way and call.way .. " " or "", call.model, call.method, text_of(call.args, 0, {}))
end

-- Conditions that every row meets: logic and fields without other conditions.
local ASKS = { some = true, every = true, none = true, is = true, is_not = true, in_ = true, ["in"] = true, not_in = true, equals = true, path = true,
  data = true, OR = true, posts = true, tags = true, replies = true, author = true, parent = true, profile = true, user = true }

--- Whether a condition has nothing in it that a row could differ in.
function show.is_empty(where, depth)
  if type(where) ~= "table" then return where == nil end
  if getmetatable(where) or (depth or 0) > 30 then return false end
  for key, v in next, where do
    if ASKS[key] or not show.is_empty(v, (depth or 0) + 1) then return false end
  end
  return true
end

return setmetatable(show, { __call = function(_, v) return text_of(v, 0, {}) end })
