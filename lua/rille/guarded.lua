--- Running a function so that something is closed with it, whichever way it is left: by its end, by an error, or because its coroutine is closed.
local unpack = table.unpack or unpack -- luacheck: ignore

local function pack(...) return { n = select("#", ...), ... } end

if _VERSION < "Lua 5.4" then
  --- Calls fn(...) and then close(guard), of the guard's metatable field __close; returns or raises what fn does, untouched.
  return function(guard, fn, ...)
    local result = pack(pcall(fn, ...))
    getmetatable(guard).__close(guard)
    if result[1] then return unpack(result, 2, result.n) end
    return error(result[2], 0)
  end
end

-- The fourth value of a generic for is closed with the loop; other Luas can read this, too.
return function(guard, fn, ...)
  local arguments = pack(...)
  local function once(_, done)
    if not done then return pack(fn(unpack(arguments, 1, arguments.n))) end
  end
  for result in once, nil, nil, guard do return unpack(result, 1, result.n) end -- luacheck: ignore
end
