-- Tables, strings and closures that live on while others are collected; prints a number that all of them make.
local live, sum = {}, 0
for round = 1, 60 do
  for i = 1, 4000 do
    local key = (i * 7919 + round) % 9000
    live[key] = { round = round, text = ("%d-%s"):format(i, ("x"):rep(i % 40)), add = function(n) return n + i end }
  end
  for key, value in pairs(live) do
    sum = (sum + value.add(key) + #value.text + value.round) % 1000000007
  end
  local keys = {}
  for key in pairs(live) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return live[a].text < live[b].text or (live[a].text == live[b].text and a < b) end)
  sum = (sum * 31 + keys[1 + round % #keys]) % 1000000007
end
print(sum)
