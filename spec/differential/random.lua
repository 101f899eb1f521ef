-- Random numbers that are the same on every machine for the same seed.
local random = {}
random.__index = random

function random.new(seed) return setmetatable({ state = seed * 2 + 1 }, random) end

-- splitmix64
function random:bits()
  self.state = self.state + 0x9E3779B97F4A7C15
  local z = self.state
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return (z ~ (z >> 31)) >> 1
end

-- An integer from `low` to `high`, both included.
function random:int(low, high) return low + self:bits() % (high - low + 1) end

-- True once in `n` times, or `of` times in `n`.
function random:chance(n, of) return self:int(1, n) <= (of or 1) end

function random:pick(list) return list[self:int(1, #list)] end

-- Up to `count` different elements, in random order.
function random:some(list, count)
  local pool, out = table.move(list, 1, #list, 1, {}), {}
  for i = 1, math.min(count, #pool) do out[i] = table.remove(pool, self:int(1, #pool)) end
  return out
end

-- One key of { { weight, key }, ... }.
function random:weighted(choices)
  local total = 0
  for _, choice in ipairs(choices) do total = total + choice[1] end
  local n = self:int(1, total)
  for _, choice in ipairs(choices) do
    n = n - choice[1]
    if n <= 0 then return choice[2] end
  end
end

return random
